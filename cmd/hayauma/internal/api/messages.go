package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/recipient"
	"hayauma.example/engine"
)

const (
	messagesRoute  = "/v1/channels/{name}/messages"
	maxMessageBody = 128 << 10 // bytes of one message with all that is said about it
)

// NewMessage is one message to one user.
type NewMessage struct {
	To          string          `json:"to" doc:"The user's LINE id."`
	Messages    json.RawMessage `json:"messages" doc:"1 to 5 LINE message objects, as they are sent: there are no placeholders."`
	At          string          `json:"at,omitempty" doc:"When it goes: RFC 3339, or a local time such as 2026-01-31T09:00 with a zone; absent: now. What lies in the past goes now."`
	Zone        string          `json:"zone,omitempty" doc:"IANA name such as Asia/Tokyo, of a local time, and of the user's quiet hours where the user has no time zone of his own."`
	ExpireAfter string          `json:"expire_after,omitempty" doc:"So late it isn't sent any more, such as 90m; absent: it always is."`
	Topic       string          `json:"topic,omitempty" doc:"It isn't sent to who has opted out of this topic."`
	Urgent      bool            `json:"urgent,omitempty" doc:"Quiet hours don't hold it."`
	Key         string          `json:"key,omitempty" doc:"Tells it apart from the other messages to this user: repeated with the same content it is the same message. Or the Idempotency-Key."`
}

// Message is a message as shown.
type Message struct {
	ID       string     `json:"id"`
	State    string     `json:"state" enum:"scheduled,pending,sending,delivered,failed,unknown,cancelled,expired,suppressed"`
	To       string     `json:"to,omitempty" doc:"Absent once it has an outcome."`
	Due      *time.Time `json:"due"`
	At       *time.Time `json:"at,omitempty" doc:"When it goes, where quiet hours have put it off."`
	Attempts uint32     `json:"attempts"`
	Request  string     `json:"request_id,omitempty" doc:"The provider's."`
	Reason   string     `json:"reason,omitempty"`
	Ended    *time.Time `json:"ended,omitempty"`
}

// AcceptedMessage answers POST /v1/channels/{name}/messages.
type AcceptedMessage struct {
	ID    string     `json:"id"`
	State string     `json:"state"`
	Due   *time.Time `json:"due"`
}

// SentMessages answers an import of messages.
type SentMessages struct {
	Accepted int `json:"accepted" doc:"Messages that are new."`
	Repeated int `json:"repeated" doc:"Messages that had been accepted before."`
}

// MessagePage is one page of a channel's messages.
type MessagePage struct {
	Messages []Message `json:"messages" nullable:"false"`
	Next     string    `json:"next,omitempty" doc:"The cursor of the next page; absent on the last one."`
}

type (
	messagePath struct {
		Name string `path:"name"`
		ID   string `path:"id" maxLength:"40"`
	}
	messagesInput struct {
		Name   string `path:"name"`
		State  string `query:"state" enum:"scheduled,pending,sending,delivered,failed,unknown,cancelled,expired,suppressed" doc:"Absent: all without an outcome."`
		Cursor string `query:"cursor" maxLength:"40"`
		Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"500"`
	}
	messageOutput struct{ Body Message }
	messagesOut   struct{ Body MessagePage }
)

func (s *server) registerMessages(mux *http.ServeMux) {
	operation := func(id, method, path, summary string, errs ...int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Errors: append(errs, 401, 404, 503), Tags: []string{"messages"}}
	}
	list := operation("list-messages", http.MethodGet, messagesRoute, "List single messages of a channel", 422)
	list.Description = "In no order of time. Messages with an outcome are kept for a day."
	huma.Register(s.api, list, s.listMessages)
	huma.Register(s.api, operation("show-message", http.MethodGet, messagesRoute+"/{id}", "Show a single message"), s.showMessage)
	cancel := operation("cancel-message", http.MethodDelete, messagesRoute+"/{id}", "Cancel a single message that was not tried", 409)
	cancel.Description = "One that is just being sent, may have been, or has an outcome is 409. A repeat is the same answer."
	huma.Register(s.api, cancel, s.cancelMessage)
	s.registerSend(mux)
}

// registerSend adds the route that huma can't serve, because it would hold an import in memory, and documents it.
func (s *server) registerSend(mux *http.ServeMux) {
	mux.HandleFunc("POST "+messagesRoute, s.sendMessages)
	schemas := s.api.OpenAPI().Components.Schemas
	text := func(description string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Description: description}
	}
	one := schemas.Schema(reflect.TypeFor[NewMessage](), true, "")
	answer := &huma.Schema{OneOf: []*huma.Schema{
		schemas.Schema(reflect.TypeFor[AcceptedMessage](), true, ""), schemas.Schema(reflect.TypeFor[SentMessages](), true, ""),
	}}
	op := &huma.Operation{
		OperationID: "send-messages", Method: http.MethodPost, Path: messagesRoute, Tags: []string{"messages"},
		Summary: "Send single messages, each to one user",
		Description: "One message as a JSON object, or many as NDJSON, one a line, each with its key. Messages to one user go in the order of their times, each when the " +
			"outcome of the one before is durable. A key is kept with its user until a day after the message's end, so the same request again is the same message; " +
			"with other content it is refused. An import is checked as a whole first: one bad line refuses it, and nothing is accepted. What breaks off later is sent again.",
		Parameters: []*huma.Param{
			{Name: "name", In: "path", Required: true, Schema: text("The channel.")},
			{Name: "Idempotency-Key", In: "header", Schema: text("The message's key, where its object has none.")},
			{Name: "Content-Encoding", In: "header", Schema: text("Of an import: gzip or none.")},
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: one}, "application/x-ndjson": {Schema: one},
		}},
		Responses: map[string]*huma.Response{"202": {
			Description: "Durably accepted: the message, or for an import how many there are",
			Content:     map[string]*huma.MediaType{"application/json": {Schema: answer}},
		}},
	}
	problem := schemas.Schema(reflect.TypeFor[huma.ErrorModel](), true, "")
	for _, status := range []int{400, 401, 404, 408, 413, 415, 422, 503, 507} {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: problem}},
		}
	}
	s.api.OpenAPI().AddOperation(op)
}

// sendMessages answers POST /v1/channels/{name}/messages.
func (s *server) sendMessages(w http.ResponseWriter, r *http.Request) {
	answer, err := s.acceptMessages(w, r)
	if err != nil {
		writeProblem(w, s.refusal(err))
		return
	}
	if one, ok := answer.(AcceptedMessage); ok {
		w.Header().Set("Location", "/v1/channels/"+r.PathValue("name")+"/messages/"+one.ID)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(answer) // a client that has gone sends it again
}

func (s *server) acceptMessages(w http.ResponseWriter, r *http.Request) (any, error) {
	name := r.PathValue("name")
	if _, err := s.askChannel(r.Context(), name, actors.DescribeChannel{}); err != nil {
		return nil, err
	}
	switch kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case err == nil && kind == "application/json":
		return s.sendOne(w, r)
	case err == nil && kind == "application/x-ndjson":
		return s.importMessages(w, r)
	}
	return nil, huma.Error415UnsupportedMediaType(fmt.Sprintf(
		"the body has the Content-Type %q: it must be application/json for one message, or application/x-ndjson for many", excerpt(r.Header.Get("Content-Type"))))
}

func (s *server) sendOne(w http.ResponseWriter, r *http.Request) (any, error) {
	if r.Header.Get("Content-Encoding") != "" {
		return nil, huma.Error415UnsupportedMediaType("one message has no Content-Encoding: send it as it is, or many as application/x-ndjson")
	}
	raw, err := readShort(w, r)
	if err != nil {
		return nil, err
	}
	m, err := readMessage(raw, r.Header.Get("Idempotency-Key"), time.Now())
	if err != nil {
		return nil, messageRefused("%s", err)
	}
	number := s.Recipients.Number(m.To)
	accepted, err := ask[actors.AcceptedMessages](r.Context(), s, s.messageBook(r.PathValue("name"), number),
		actors.MessageMsg(actors.AcceptMessages{Entries: []actors.NewMessage{m}}))
	switch {
	case err != nil:
		return nil, err
	case len(accepted.Entries) != 1:
		return nil, errors.New("a message was answered by none")
	case accepted.Entries[0].Conflict:
		return nil, messageRefused("the key was given before with another content, as message %s: take another key, or send what was sent then",
			s.messageID(number, accepted.Entries[0].Number))
	}
	a := accepted.Entries[0]
	return AcceptedMessage{ID: s.messageID(number, a.Number), State: string(a.State), Due: moment(a.Due)}, nil
}

// messageMembers are those of a NewMessage.
var messageMembers = []string{"to", "messages", memberAt, "zone", "expire_after", "topic", "urgent", "key"}

// messageBook is a channel's book of messages of that number.
func (s *server) messageBook(channel string, number int) engine.Ref[actors.MessageMsg] {
	return actors.Messages.Ref(s.System, s.Recipients.Book(channel, number))
}

// messageID names a message by the number of its book and its own in the book.
func (s *server) messageID(book int, number uint32) string {
	return strconv.Itoa(book) + "-" + strconv.FormatUint(uint64(number), 10)
}

func parseMessageID(id string) (book int, number uint32, ok bool) {
	first, second, ok := strings.Cut(id, "-")
	b, err := strconv.ParseUint(first, 10, 16)
	n, wrong := strconv.ParseUint(second, 10, 32)
	ok = ok && err == nil && wrong == nil && b < recipient.BookCount && id == fmt.Sprintf("%d-%d", b, n)
	return int(b), uint32(n), ok
}

// askMessage asks about one message.
func (s *server) askMessage(ctx context.Context, p messagePath, m func(number uint32) actors.MessageMsg) (*messageOutput, error) {
	if _, err := s.askChannel(ctx, p.Name, actors.DescribeChannel{}); err != nil {
		return nil, err
	}
	book, number, ok := parseMessageID(p.ID)
	if !ok {
		return nil, notFound("message", p.ID, "")
	}
	info, err := ask[actors.MessageInfo](ctx, s, s.messageBook(p.Name, book), m(number))
	if err != nil {
		return nil, err
	}
	return &messageOutput{s.messageOf(book, info)}, nil
}

func (s *server) showMessage(ctx context.Context, in *messagePath) (*messageOutput, error) {
	return s.askMessage(ctx, *in, func(n uint32) actors.MessageMsg { return actors.ShowMessage{Number: n} })
}

func (s *server) cancelMessage(ctx context.Context, in *messagePath) (*messageOutput, error) {
	return s.askMessage(ctx, *in, func(n uint32) actors.MessageMsg { return actors.CancelMessage{Number: n} })
}

func (s *server) messageOf(book int, info actors.MessageInfo) Message {
	m := Message{ID: s.messageID(book, info.Number), State: string(info.State), To: info.To, Due: moment(info.Due), Attempts: info.Tries, Request: info.Request,
		Reason: info.Reason, Ended: moment(info.Ended)}
	if info.At.After(info.Due) {
		m.At = moment(info.At)
	}
	return m
}

// noMessages refuses where single messages of a channel wait: without it they would wait for ever. One that comes meanwhile does.
func (s *server) noMessages(ctx context.Context, channel string) error {
	for book := range recipient.BookCount {
		list, err := ask[actors.MessageList](ctx, s, s.messageBook(channel, book), actors.MessageMsg(actors.ListMessages{Limit: 1}))
		switch {
		case err != nil:
			return err
		case len(list.Messages) > 0:
			return huma.Error409Conflict(fmt.Sprintf("messages of channel %q wait, such as %s: cancel them or wait for their end", channel,
				s.messageID(book, list.Messages[0].Number)))
		}
	}
	return nil
}

// listMessages goes from book to book until the page is full.
func (s *server) listMessages(ctx context.Context, in *messagesInput) (*messagesOut, error) {
	if _, err := s.askChannel(ctx, in.Name, actors.DescribeChannel{}); err != nil {
		return nil, err
	}
	book, after := 0, uint32(0)
	if in.Cursor != "" {
		var ok bool
		if book, after, ok = parseMessageID(in.Cursor); !ok {
			return nil, errNoCursor()
		}
	}
	out := &messagesOut{MessagePage{Messages: []Message{}}}
	for ; book < recipient.BookCount; book, after = book+1, 0 {
		q := actors.ListMessages{State: actors.MessageState(in.State), After: after, Limit: in.Limit - len(out.Body.Messages)}
		list, err := ask[actors.MessageList](ctx, s, s.messageBook(in.Name, book), actors.MessageMsg(q))
		if err != nil {
			return nil, err
		}
		for _, info := range list.Messages {
			out.Body.Messages = append(out.Body.Messages, s.messageOf(book, info))
			after = info.Number
		}
		if len(out.Body.Messages) >= in.Limit && (list.More || book+1 < recipient.BookCount) {
			out.Body.Next = s.messageID(book, after)
			break
		}
	}
	return out, nil
}
