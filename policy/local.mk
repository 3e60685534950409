# policy: see docs/ARCHITECTURE.md
