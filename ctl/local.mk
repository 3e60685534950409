# ctl: see docs/ARCHITECTURE.md
