"""OpenID Connect, as far as a client of one directory needs it: code flow, PKCE, state, nonce, ID token.

``attempt``: what one browser remembers between leaving for the directory and coming back. ``wire``: what is asked of
the directory over the network. ``id_token``: whether its word counts. Only joserfc checks signatures.

Never: a right, a role or an account taken from the directory's word; a key from anywhere but the directory's own list;
an address from the answer that Alcove would go or send people to.
"""
