"""What benches/compare consists of: problems, programs, rounds, the machine, tables and charts."""
