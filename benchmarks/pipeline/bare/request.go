package bare

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"unsafe"

	"github.com/google/uuid"

	"hayauma.example/actors/provider"
	"hayauma.example/benchmarks/pipeline"
)

// maxRecipients is how many one multicast takes.
const maxRecipients = 500

// render writes all requests of the job: the number of recipients, their ids, the length of the messages, the messages.
func render(path string, job pipeline.Job) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := bufio.NewWriterSize(file, 1<<20)
	batch := 1
	if job.Kind == pipeline.Multicast {
		batch = maxRecipients
	}
	to := make([]string, 0, batch)
	for r, err := range pipeline.Recipients(job.Audience) {
		if err != nil {
			return err
		}
		if to = append(to, r.UserID); len(to) < batch {
			continue
		}
		write(out, to, message(job.Kind, r))
		to = to[:0]
	}
	if len(to) > 0 {
		write(out, to, message(job.Kind, pipeline.Recipient{}))
	}
	return out.Flush()
}

func message(kind pipeline.Kind, r pipeline.Recipient) []byte {
	if kind == pipeline.Push {
		return r.PushMessage()
	}
	return pipeline.MulticastMessage()
}

const idBytes = 33 // of a user's id

func write(out *bufio.Writer, to []string, messages []byte) {
	out.Write(binary.BigEndian.AppendUint16(nil, uint16(len(to))))
	for _, id := range to {
		out.WriteString(id)
	}
	out.Write(binary.BigEndian.AppendUint16(nil, uint16(len(messages))))
	out.Write(messages)
}

// errCut is a file of requests that ends too early.
var errCut = errors.New("bare: the file of requests is cut short: the disk may be full")

// load reads what render wrote; ids and messages are parts of the file's content, which nobody changes. Each call has a key of its own.
func load(path string, job pipeline.Job) ([]provider.Call, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rest := reader{raw: raw}
	endpoint := provider.Push
	if job.Kind == pipeline.Multicast {
		endpoint = provider.Multicast
	}
	var calls []provider.Call
	for !rest.empty() {
		to := make([]string, rest.count())
		for i := range to {
			id := rest.take(idBytes)
			to[i] = unsafe.String(unsafe.SliceData(id), len(id))
		}
		messages := rest.take(rest.count())
		if rest.cut {
			return nil, errCut
		}
		calls = append(calls, provider.Call{Endpoint: endpoint, Key: uuid.New(), To: to, Messages: messages})
	}
	if len(calls) == 0 {
		return nil, fmt.Errorf("bare: %s holds no requests", path)
	}
	return calls, nil
}

// reader cuts pieces off a file's content without copying.
type reader struct {
	raw []byte
	at  int
	cut bool
}

func (r *reader) empty() bool { return r.at == len(r.raw) || r.cut }

func (r *reader) take(n int) []byte {
	if r.cut = r.cut || r.at+n > len(r.raw); r.cut {
		return nil
	}
	from := r.at
	r.at += n
	return r.raw[from:r.at:r.at]
}

func (r *reader) count() int {
	b := r.take(2)
	if b == nil {
		return 0
	}
	return int(binary.BigEndian.Uint16(b))
}
