package admin

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	rpprof "runtime/pprof"
	"time"
)

var errNotYet = errors.New("the daemon has none of that yet: it is starting")

// parts are the files of a dump.
func (s *server) parts() []part {
	return []part{
		{"build.txt", s.build},
		{"flight.trace", func(w io.Writer) error { _, err := s.Flight.WriteTo(w); return err }},
		{"goroutines.txt", func(w io.Writer) error { return rpprof.Lookup("goroutine").WriteTo(w, 2) }},
		{"heap.pb.gz", func(w io.Writer) error { return rpprof.Lookup("heap").WriteTo(w, 0) }},
		{"metrics.txt", s.metrics},
		{"cluster.json", s.cluster},
	}
}

func (s *server) build(w io.Writer) error {
	_, err := fmt.Fprintf(w, "hayauma %s\nnode %s\n%s %s/%s, GOMAXPROCS %d, memory limit %d bytes\n", s.Version, s.Node, runtime.Version(), runtime.GOOS, runtime.GOARCH,
		runtime.GOMAXPROCS(0), debug.SetMemoryLimit(-1))
	return err
}

func (s *server) metrics(w io.Writer) error {
	scrape := s.Metrics()
	if scrape == nil {
		return errNotYet
	}
	out := &plainAnswer{w: w, header: http.Header{}}
	scrape.ServeHTTP(out, &http.Request{Method: http.MethodGet, Header: http.Header{}})
	if out.status >= http.StatusBadRequest {
		return fmt.Errorf("the scrape was answered with %d", out.status)
	}
	return out.err
}

// plainAnswer is a ResponseWriter that only keeps the body.
type plainAnswer struct {
	w      io.Writer
	header http.Header
	status int
	err    error
}

// Header implements [http.ResponseWriter].
func (p *plainAnswer) Header() http.Header { return p.header }

// WriteHeader implements [http.ResponseWriter].
func (p *plainAnswer) WriteHeader(status int) { p.status = status }

// Write implements [http.ResponseWriter].
func (p *plainAnswer) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	p.err = errors.Join(p.err, err)
	return n, err
}

func (s *server) cluster(w io.Writer) error {
	view := s.Cluster()
	if view == nil {
		return errNotYet
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(view)
}

// writeDump writes parts as a tar.gz, each through room, because a tar says first how long a file is.
func writeDump(w io.Writer, room *os.File, parts []part, at time.Time) error {
	zip := gzip.NewWriter(w)
	archive := tar.NewWriter(zip)
	for _, p := range parts {
		if err := addPart(archive, room, p, at); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), zip.Close())
}

func addPart(archive *tar.Writer, room *os.File, p part, at time.Time) error {
	if err := empty(room); err != nil {
		return err
	}
	name := p.name
	if failure := p.write(room); failure != nil {
		name += ".error.txt"
		if err := empty(room); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(room, failure); err != nil {
			return err
		}
	}
	size, err := room.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(&tar.Header{Name: "hayauma/" + name, Mode: 0o600, Size: size, ModTime: at, Format: tar.FormatPAX}); err != nil {
		return err
	}
	if _, err := room.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.CopyN(archive, room, size)
	return err
}

func empty(room *os.File) error {
	_, err := room.Seek(0, io.SeekStart)
	return errors.Join(err, room.Truncate(0))
}
