"""Mail and SMS on their way out: transports, and the round that delivers what ``identity`` has to tell people.

Never: an address, a code or a text in a log line, an exception's text or a job's arguments; a certificate that is not
checked; two copies of one SMS on purpose.
"""
