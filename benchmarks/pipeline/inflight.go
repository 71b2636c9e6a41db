package pipeline

import (
	"fmt"
	"os"
	"strconv"
)

// inFlightVariable changes how many calls a system may make at once.
const inFlightVariable = "BENCH_IN_FLIGHT"

// defaultInFlight is what every system but the daemon as shipped is given, at every latency.
const defaultInFlight = 256

const mostInFlight = 1 << 16

// InFlight is the most calls at once. With a bad setting no cell is measured.
func InFlight() int {
	n, wrong := inFlight(os.Getenv(inFlightVariable))
	if wrong != "" {
		return defaultInFlight
	}
	return n
}

// inFlight reads the setting and tells what is wrong with it.
func inFlight(setting string) (n int, wrong string) {
	if setting == "" {
		return defaultInFlight, ""
	}
	n, err := strconv.Atoi(setting)
	if err != nil || n < 1 || n > mostInFlight {
		return 0, fmt.Sprintf("%s=%s must be a number from 1 to %d: change it, or leave it out for %d", inFlightVariable, setting, mostInFlight, defaultInFlight)
	}
	return n, ""
}
