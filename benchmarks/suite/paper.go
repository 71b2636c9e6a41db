package suite

import (
	"fmt"
	"strings"

	"hayauma.example/benchmarks/experiment"
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
		writeCarried(&costs, w, each, each.carry(paperRecipients, paperNodes))
		w.writeBusiest(&busiest, each, r.figures["journal_bytes_each"].Median)
		fmt.Fprintf(&from, "- %s: `%s`, row %s, %s\n", w.name, w.experiment, r.Name, rounds(r.rounds))
	}
	if costs.Len() == 0 {
		return
	}
	fmt.Fprintf(b, "| %s recipients a day on %d nodes | 1,000 recipients, measured | all, a day | a node, a day |\n|---|---:|---:|---:|\n%s",
		show(paperRecipients), paperNodes, costs.String())
	fmt.Fprintf(b, "\n| the busiest second: %d channels at LINE's limits | recipients/s | cores of a node | records/s in all | journal bytes/s in all | seconds "+
		"for all |\n|---|---:|---:|---:|---:|---:|\n%s\n%s", paperChannels, busiest.String(), from.String())
}

func writeCarried(b *strings.Builder, w way, each cost, l load) {
	thousand := each.carry(1000, 1)
	fmt.Fprintf(b, "| %s, bytes stored | %s | %s | %s |\n", w.name, show(thousand.storedBytes), show(l.storedBytes), show(l.nodeStoredBytes))
	fmt.Fprintf(b, "| %s, records | %s | %s | %s |\n", w.name, show(thousand.records), show(l.records), show(l.nodeRecords))
	fmt.Fprintf(b, "| %s, processor seconds | %s | %s | %s (%.2g %% of one core) |\n", w.name, show(thousand.cpuSeconds), show(l.cpuSeconds),
		show(l.nodeCPUSeconds), l.nodeCPUSeconds/secondsADay*100)
}

// writeBusiest counts of the store its journal only: audiences are stored when a campaign is accepted, which is before.
func (w way) writeBusiest(b *strings.Builder, each cost, journal float64) {
	each.storedBytes = journal
	all := paperChannels * w.perChannel
	second := each.carry(all, paperNodes)
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", w.name, show(all), show(second.nodeCPUSeconds), show(second.records), show(second.storedBytes),
		show(paperRecipients/all))
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
func (e entry) each() cost {
	return cost{
		storedBytes: e.figures["stored"].Median / e.X,
		records:     e.figures["records"].Median / e.X,
		cpuSeconds:  e.figures["cpu_s_100k"].Median / 1e5,
	}
}

// cost is that of one recipient.
type cost struct{ storedBytes, records, cpuSeconds float64 }

// load is what a number of recipients costs, and what is each node's share.
type load struct {
	storedBytes, records, cpuSeconds             float64
	nodeStoredBytes, nodeRecords, nodeCPUSeconds float64
}

// carry carries a recipient's cost to many on so many equal nodes. It is arithmetic: what a cluster adds is in no formula here.
func (c cost) carry(recipients float64, nodes int) load {
	l := load{storedBytes: c.storedBytes * recipients, records: c.records * recipients, cpuSeconds: c.cpuSeconds * recipients}
	share := float64(nodes)
	l.nodeStoredBytes, l.nodeRecords, l.nodeCPUSeconds = l.storedBytes/share, l.records/share, l.cpuSeconds/share
	return l
}
