"""Proving who somebody is: passwords, tokens, signatures, and the key that encrypts secrets at rest."""
