# auditor: see docs/ARCHITECTURE.md
