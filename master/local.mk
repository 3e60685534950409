# master: see docs/ARCHITECTURE.md
