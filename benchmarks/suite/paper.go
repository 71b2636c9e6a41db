package suite

import (
	"fmt"
	"strings"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/scale"
)

// The day that the paper speaks of.
const (
	paperRecipients = 100e6 // a day
	paperNodes      = 100
	paperChannels   = 100  // that send in the same second
	pushesASecond   = 2000 // of a channel, by LINE's limit
	callsASecond    = 200  // multicasts of a channel, by LINE's limit
	recipientsACall = 500
	secondsADay     = 86400
)

// way is how the recipients of such a day are reached, and what measures it.
type way struct {
	name       string
	experiment string
	perChannel float64 // recipients a second, by LINE's limit
}

var ways = []way{
	{"push", "scale-pushes", pushesASecond},
	{"multicast", "scale-recipients", callsASecond * recipientsACall},
}

// writePaper carries what a recipient costs on this machine to many nodes; it writes nothing when nothing was measured in full.
func (t tables) writePaper(b *strings.Builder) {
	var costs, busiest, from strings.Builder
	for _, w := range ways {
		r, ok := t.largest(w.experiment)
		if !ok {
			continue
		}
		each := r.each()
		writeCarried(&costs, w, each, each.Carry(paperRecipients, paperNodes))
		w.writeBusiest(&busiest, each, r.figures["journal_bytes_each"].Median)
		fmt.Fprintf(&from, "- %s: `%s`, row %s, %s\n", w.name, w.experiment, r.Name, rounds(r.rounds))
	}
	if costs.Len() == 0 {
		return
	}
	fmt.Fprintf(b, "| %s recipients a day on %d nodes | 1,000 recipients, measured | all, a day | a node, a day |\n|---|---:|---:|---:|\n%s", show(paperRecipients), paperNodes, costs.String())
	fmt.Fprintf(b, "\n| the busiest second: %d channels at LINE's limits | recipients/s | cores of a node | records/s in all | journal bytes/s in all | seconds for all |\n|---|---:|---:|---:|---:|---:|\n%s\n%s", paperChannels, busiest.String(), from.String())
}

func writeCarried(b *strings.Builder, w way, each scale.Each, l scale.Load) {
	thousand := each.Carry(1000, 1)
	fmt.Fprintf(b, "| %s, bytes stored | %s | %s | %s |\n", w.name, show(thousand.StoredBytes), show(l.StoredBytes), show(l.NodeStoredBytes))
	fmt.Fprintf(b, "| %s, records | %s | %s | %s |\n", w.name, show(thousand.Records), show(l.Records), show(l.NodeRecords))
	fmt.Fprintf(b, "| %s, processor seconds | %s | %s | %s (%.2g %% of one core) |\n", w.name, show(thousand.CPUSeconds), show(l.CPUSeconds), show(l.NodeCPUSeconds), l.NodeCPUSeconds/secondsADay*100)
}

// writeBusiest counts of the store its journal only: audiences are stored when a campaign is accepted, which is before.
func (w way) writeBusiest(b *strings.Builder, each scale.Each, journal float64) {
	each.StoredBytes = journal
	all := paperChannels * w.perChannel
	second := each.Carry(all, paperNodes)
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", w.name, show(all), show(second.NodeCPUSeconds), show(second.Records), show(second.StoredBytes), show(paperRecipients/all))
}

// largest returns the experiment's row of most recipients that was measured in full.
func (t tables) largest(name string) (most entry, ok bool) {
	for _, m := range t.tables {
		if m.experiment.Name != name || m.scale != experiment.Full {
			continue
		}
		for _, r := range entries(m.experiment, m.lines) {
			if r.figures["cpu_s_100k"].Rounds > 0 && r.X > most.X {
				most, ok = r, true
			}
		}
	}
	return most, ok
}

// each is what a recipient of the row has cost; the daemon's start is in its processor time.
func (e entry) each() scale.Each {
	return scale.Each{
		StoredBytes: e.figures["stored"].Median / e.X,
		Records:     e.figures["records"].Median / e.X,
		CPUSeconds:  e.figures["cpu_s_100k"].Median / 1e5,
	}
}
