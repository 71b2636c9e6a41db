package jetstream

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"hayauma.example/engine/journal"
)

const clusterSubject = "ev.cluster"

// Keys of the buckets that the members share. None of them is a ULID, as records' keys are.
const (
	membersKeys = "$KV.members."
	floorKey    = membersKeys + "floor"
	bornKey     = membersKeys + "born"
	clusterKeys = "$KV.cluster."
	viewKey     = clusterKeys + "view"
)

func fenceSubject(s journal.Shard) string { return shardPrefix(s) + "fence" }

func grainSubject(s journal.Shard, g journal.Grain) string {
	return shardPrefix(s) + escape(g.Kind) + "." + escape(g.ID)
}

func shardPrefix(s journal.Shard) string {
	return "ev." + escape(s.Role) + "." + strconv.Itoa(s.Number) + "."
}

// kindSubjects matches the grains of a kind in every shard of a role.
func kindSubjects(role, kind string) string {
	return "ev." + escape(role) + ".*." + escape(kind) + ".*"
}

func objectSubject(name string) string { return "up." + name }

// plain bytes stand for themselves in a subject token.
func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// escape makes one subject token of any bytes: what is not plain becomes %XX.
func escape(s string) string {
	n := 0
	for i := range len(s) {
		if !plain(s[i]) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	b := make([]byte, 0, len(s)+2*n)
	for i := range len(s) {
		if plain(s[i]) {
			b = append(b, s[i])
			continue
		}
		b = hex.AppendEncode(append(b, '%'), []byte{s[i]})
	}
	return string(b)
}

// unescape is escape's inverse; it refuses what escape never makes.
func unescape(token string) (string, error) {
	if !strings.Contains(token, "%") {
		return token, nil
	}
	var b strings.Builder
	for rest := token; rest != ""; {
		if rest[0] != '%' {
			b.WriteByte(rest[0])
			rest = rest[1:]
			continue
		}
		if len(rest) < 3 {
			return "", fmt.Errorf("jetstream: subject token %q ends inside an escape", token)
		}
		c, err := hex.DecodeString(rest[1:3])
		if err != nil {
			return "", fmt.Errorf("jetstream: subject token %q: %w", token, err)
		}
		b.Write(c)
		rest = rest[3:]
	}
	return b.String(), nil
}
