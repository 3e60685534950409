# signer: see docs/ARCHITECTURE.md
