package natsnode

import (
	"context"
	"time"
)

// ClientURL is where other clients reach an embedded server that listens.
func (n *Node) ClientURL() string { return n.server.ClientURL() }

// NewServerLog is the embedded server's logger.
var NewServerLog = newServerLog

// NewAttendance is what watchRoutes keeps.
var NewAttendance = newAttendance

// See takes the servers that are there now.
func (a *attendance) See(ctx context.Context, names []string, now time.Time) { a.see(ctx, names, now) }
