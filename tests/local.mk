# tests: see docs/ARCHITECTURE.md
