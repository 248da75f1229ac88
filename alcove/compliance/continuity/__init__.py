"""The continuity page: what comes back first when systems fail, whom to ring, who may enter, and dated tests.

A restore is rehearsed and filed by ``operations.backups``, never typed here. A test of the failover line that is older
than it may be, was never made, or failed, is red here, on the officer's first page, and a weakness of the baseline.
"""
