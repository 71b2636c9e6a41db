package linesim_test

import (
	"errors"
	"testing"
	"time"

	"hayauma.example/actors/provider/linesim"
)

func TestParseFaults(t *testing.T) {
	tests := []struct {
		spec string
		want linesim.Faults
	}{
		{"", linesim.Faults{}},
		{" ", linesim.Faults{}},
		{"500-before=0.1,500-after=0.2,timeout-after=0.3,reset=0.4,429=0.5,401=0.6,slow=0.7:2s,latency=20ms,seed=42",
			linesim.Faults{ErrorBefore: .1, ErrorAfter: .2, TimeoutAfter: .3, Reset: .4, RateLimit: .5, Unauthorized: .6, Slow: .7, SlowBy: 2 * time.Second,
				Latency: 20 * time.Millisecond, Seed: 42}},
		{"429-monthly=1, 429-concurrency=1e-3", linesim.Faults{Monthly: 1, Concurrency: .001}},
		{"latency=20ms/200ms", linesim.Faults{Latency: 20 * time.Millisecond, LatencyP99: 200 * time.Millisecond}},
	}
	for _, tc := range tests {
		if got, err := linesim.ParseFaults(tc.spec); err != nil || got != tc.want {
			t.Errorf("%q:\n got %+v, %v\nwant %+v", tc.spec, got, err, tc.want)
		}
	}
}

func TestFaultListsThatCannotBeRead(t *testing.T) {
	const known = "known are 500-before=P, 500-after=P, timeout-after=P, reset=P, 429=P, 429-monthly=P, 429-concurrency=P, 401=P, slow=P:DURATION, " +
		"latency=DURATION[/P99], seed=N"
	for spec, want := range map[string]string{
		"500=0.1":            `faults: "500=0.1": unknown fault; ` + known,
		"reset":              `faults: "reset": a value is missing; ` + known,
		"reset=1.1":          `faults: "reset=1.1": the probability must be a number from 0 to 1`,
		"reset=-0.1":         `faults: "reset=-0.1": the probability must be a number from 0 to 1`,
		"reset=NaN":          `faults: "reset=NaN": the probability must be a number from 0 to 1`,
		"reset=":             `faults: "reset=": the probability must be a number from 0 to 1`,
		"reset=0,reset=0":    `faults: "reset=0": reset stands twice`,
		"reset=0,":           `faults: "reset=0,": an item is empty: take out the spare comma`,
		"slow=0.1":           `faults: "slow=0.1": must be slow=P:DURATION, such as slow=0.01:5s`,
		"slow=0.1:5":         `faults: "slow=0.1:5": the duration must be like 20ms or 1.5s, from 0 to 24h`,
		"latency=-1s":        `faults: "latency=-1s": the duration must be like 20ms or 1.5s, from 0 to 24h`,
		"latency=25h":        `faults: "latency=25h": the duration must be like 20ms or 1.5s, from 0 to 24h`,
		"latency=200ms/20ms": `faults: "latency=200ms/20ms": the 99th percentile must not be below the median, and the median not 0`,
		"seed=-1":            `faults: "seed=-1": the seed must be a whole number from 0 to 18446744073709551615`,
	} {
		f, err := linesim.ParseFaults(spec)
		if bad := new(linesim.SpecError); !errors.As(err, &bad) || err.Error() != want || f != (linesim.Faults{}) {
			t.Errorf("%q:\n got %v\nwant %s", spec, err, want)
		}
	}
}

func FuzzParseFaults(f *testing.F) {
	for _, s := range []string{"", "500-before=0.1,seed=1", "slow=1:1s,latency=1ms/2ms", "429=1,429-monthly=0.5", ",", "=", "slow=:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		faults, err := linesim.ParseFaults(spec)
		if err != nil {
			return
		}
		again, err := linesim.ParseFaults(faults.String())
		if err != nil || again.String() != faults.String() {
			t.Fatalf("%q became %q, then %q, %v", spec, faults, again, err)
		}
		sim := linesim.New(linesim.Options{Faults: faults})
		if fate := sim.Draw(); fate.Wait < 0 || fate.Latency < 0 {
			t.Fatalf("%q: %+v", spec, fate)
		}
	})
}
