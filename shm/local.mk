# shm: see docs/ARCHITECTURE.md
