package app

import (
	"strings"
	"testing"

	"hayauma.example/cluster"
)

func TestUnreadRemindersAreAWarning(t *testing.T) {
	if w := unread(cluster.Status{}); len(w) > 0 {
		t.Error("without any:", w)
	}
	if w := unread(cluster.Status{Unread: 3}); len(w) != 1 || !strings.Contains(w[0], "reminders of 3 shards") {
		t.Error(w)
	}
}
