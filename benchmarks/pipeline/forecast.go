package pipeline

import (
	"fmt"
	"os"
	"time"
)

// longVariable asks for cells that would take too long.
const longVariable = "BENCH_LONG"

// tooLong is the forecast above which a cell is measured only when it is asked for.
const tooLong = 3 * time.Minute

// slow are push rates in recipients per second of rows that may take too long, from the 10k tables of an earlier run, by the provider's
// latency. They only decide what is skipped.
var slow = map[string]map[time.Duration]float64{
	"php":     {0: 7_400, 20 * time.Millisecond: 1_400, 100 * time.Millisecond: 290},
	"php-128": {0: 7_400, 20 * time.Millisecond: 5_000, 100 * time.Millisecond: 1_200},
	"asynq":   {0: 10_000, 20 * time.Millisecond: 8_300, 100 * time.Millisecond: 2_400},
	"river":   {0: 9_500, 20 * time.Millisecond: 7_100, 100 * time.Millisecond: 2_300},
}

// forecast is how long the sending takes; 0: no forecast, it is not slow.
func forecast(row string, recipients int, latency time.Duration) time.Duration {
	perSecond := slow[row][latency]
	if perSecond == 0 {
		return 0
	}
	return time.Duration(float64(recipients) / perSecond * float64(time.Second))
}

// skipped says why a cell is not measured unless asked for; "": it is.
func skipped(row string, recipients int, latency time.Duration) string {
	takes := forecast(row, recipients, latency)
	if takes <= tooLong || os.Getenv(longVariable) != "" {
		return ""
	}
	return fmt.Sprintf("about %d minutes at its rate in the 10k table; run it with %s=1", int(takes.Minutes()+0.5), longVariable)
}
