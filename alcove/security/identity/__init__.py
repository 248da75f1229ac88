"""Identity: people, sign-in, second factors, sessions; builds the Actor.

Invariant: no session exists without two factors, and it ends by the server's clock. Never: an answer that tells
whether an account exists, a code accepted twice, a door for demo links in a real practice.
"""
