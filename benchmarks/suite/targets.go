package suite

import "strings"

func (t tables) writeTargets(b *strings.Builder) {}
