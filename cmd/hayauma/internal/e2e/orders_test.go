package e2e

import (
	"testing"
)

// TestKillAtOrders kills the daemon while it carries out what an operator asks for. An order whose answer is lost may be given again.
func TestKillAtOrders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--faults", "latency=100ms")
	w.limits = "push=800,multicast=10" // so that an order comes in the middle
	w.serve("channel.persist.after")
	w.addChannel(channel) // its answer is lost
	w.dies("channel.persist.after", func() {})
	w.serve("channel.persist.before")
	w.addChannel(channel + "2")
	w.dies("channel.persist.before", func() {})
	w.open()
	w.daemon.kill()
	for _, order := range []struct{ point, command string }{
		{"campaign.paused", "pause"}, {"campaign.resumed", "resume"}, {"campaign.cancel.asked", "cancel"},
		{"campaign.window.closed", "pause"}, // what was held and not tried comes back
	} {
		t.Logf("%s", order.point)
		w.orderAndDie(order.point, order.command)
	}
}

// orderAndDie has a campaign running, gives the order, lets the daemon die of it, gives it again, and judges the end.
func (w *world) orderAndDie(point, command string) {
	w.t.Helper()
	m := w.personalised(point, 2000)
	w.serve(point)
	w.mustSubmit(m)
	w.await(m.id, "running", func(s shown) bool { return s.Delivered > 0 })
	if command == "resume" {
		w.mustOrder("pause", m.id)
		w.await(m.id, "paused", func(s shown) bool { return s.State == "paused" })
	}
	w.cli("campaign", command, m.id)
	w.dies(point, func() {})
	w.serve("")
	w.mustOrder(command, m.id)
	if command == "pause" {
		w.await(m.id, "paused", func(s shown) bool { return s.State == "paused" })
		w.mustOrder("resume", m.id)
	}
	s := w.finish(m)
	if err := w.judge(m, s); err != nil {
		w.t.Fatalf("%v\n%+v", err, s)
	}
	if cancelled := command == "cancel"; s.State != map[bool]string{true: "cancelled",
		false: "finished"}[cancelled] || s.Pending != 0 || !cancelled && s.Delivered != 2000 {
		w.t.Fatalf("%s: %+v", command, s)
	}
	w.daemon.kill()
}

func (w *world) mustOrder(command, id string) {
	w.t.Helper()
	if r := w.cli("campaign", command, id); r.code != 0 {
		w.t.Fatalf("campaign %s: %+v", command, r)
	}
}
