# worker: see docs/ARCHITECTURE.md
