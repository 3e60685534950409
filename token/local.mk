# token: see docs/ARCHITECTURE.md
