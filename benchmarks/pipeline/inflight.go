package pipeline

import (
	"os"
	"strconv"
)

// inFlightVariable changes how many calls a system may make at once.
const inFlightVariable = "BENCH_IN_FLIGHT"

// defaultInFlight is what every system but the daemon as shipped is given, at every latency.
const defaultInFlight = 256

// InFlight is the most calls at once; what can't be read as a number from 1 to 65536 counts as not set.
func InFlight() int {
	if n, err := strconv.Atoi(os.Getenv(inFlightVariable)); err == nil && n >= 1 && n <= 1<<16 {
		return n
	}
	return defaultInFlight
}
