package actors

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/template"
	"hayauma.example/benchmarks/pipeline"
)

const perMulticast = 500 // recipients of one request, LINE's limit

// columns are what a text may need, in the order of a row's values.
var columns = []string{"name", "coupon"}

// CountError is an audience of another size than the job's.
type CountError struct {
	Audience  string
	Has, Want int
}

func (e *CountError) Error() string {
	return fmt.Sprintf("pipeline: %s has %d recipients and the job is to reach %d: give the job its own audience", e.Audience, e.Has, e.Want)
}

// composition turns an audience into messages.
type composition struct {
	job  pipeline.Job
	text *template.Bound
	post func(message)

	made uint32
	read int      // recipients
	to   []string // of the multicast in hand
	body []byte   // a multicast's; for pushes the last one, to be copied
	row  [2]string
}

// composeAll reads the job's audience and gives each finished message to post. It keeps no row.
func composeAll(job pipeline.Job, post func(message)) error {
	if job.Recipients == 0 {
		return nil
	}
	text, err := bind(job.Kind)
	if err != nil {
		return err
	}
	c := &composition{job: job, text: text, post: post}
	add := c.push
	if job.Kind == pipeline.Multicast {
		add = c.multicast
	}
	for r, err := range pipeline.Recipients(job.Audience) {
		if err != nil {
			return err
		}
		c.read++
		if err := add(r); err != nil {
			return err
		}
	}
	c.flush()
	if c.read != job.Recipients {
		return &CountError{Audience: job.Audience, Has: c.read, Want: job.Recipients}
	}
	return nil
}

func bind(kind pipeline.Kind) (*template.Bound, error) {
	text := pipeline.PushText
	if kind == pipeline.Multicast {
		text = pipeline.MulticastText
	}
	messages := `[{"type":"text","text":"` + text + `"}]` // neither text needs an escape
	t, err := template.Parse([]byte(messages), template.Options{})
	if err != nil {
		return nil, err
	}
	return t.Bind(columns, time.Time{})
}

// push posts a message of r's own.
func (c *composition) push(r pipeline.Recipient) error {
	if err := c.render(r); err != nil {
		return err
	}
	c.send(provider.Push, []string{strings.Clone(r.UserID)}, bytes.Clone(c.body)) // a row is one string for all its fields
	return nil
}

// multicast adds r to the message in hand, and posts it when it is full.
func (c *composition) multicast(r pipeline.Recipient) error {
	if c.body == nil {
		if err := c.render(r); err != nil {
			return err
		}
	}
	if c.to == nil {
		c.to = make([]string, 0, perMulticast)
	}
	if c.to = append(c.to, strings.Clone(r.UserID)); len(c.to) == perMulticast {
		c.flush()
	}
	return nil
}

// flush posts the multicast in hand.
func (c *composition) flush() {
	if len(c.to) > 0 {
		c.send(provider.Multicast, c.to, c.body)
		c.to = nil
	}
}

func (c *composition) render(r pipeline.Recipient) (err error) {
	c.row = [...]string{r.Name, r.Coupon}
	c.body, err = c.text.Render(c.body[:0], c.row[:])
	return err
}

func (c *composition) send(e provider.Endpoint, to []string, body []byte) {
	c.post(message{number: c.made, endpoint: e, to: to, body: body})
	c.made++
}
