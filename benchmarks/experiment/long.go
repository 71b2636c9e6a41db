package experiment

import "os"

// LongVariable is the environment's variable that asks for cells that are skipped because they take minutes.
const LongVariable = "BENCH_LONG"

// Long reports whether they are asked for. A cell's process has the environment of the run.
func Long() bool { return os.Getenv(LongVariable) != "" }
