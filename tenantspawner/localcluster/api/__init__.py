"""The API of the embedded cluster: HTTP in, objects in the store out.

A request passes, in order: `server` (TLS, faults, log), `authentication`, `routes` (what is asked of
which kind), authorisation, `decode` (bytes to an object of the right shape), `defaults`, mutating
admission, `validation`, validating admission, `registry` (the write). Reads go through `listing`,
`watching` and `tables`. Nothing between reading the stored object and writing the new one awaits
anything, so every write is atomic on the event loop.
"""
