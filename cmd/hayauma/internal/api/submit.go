package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/oklog/ulid/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/template"
	"hayauma.example/engine"
)

const maxKey = 255 // bytes of an Idempotency-Key

// submission is one POST /v1/campaigns on its way.
type submission struct {
	server     *server
	id         string
	campaign   engine.Ref[actors.CampaignMsg]
	definition actors.Definition
	template   *template.Template
	audience   audience.Source
	upload     string
	rc         *http.ResponseController
}

// submit answers POST /v1/campaigns. It reads no more of the body than it needs for its answer.
func (s *server) submit(w http.ResponseWriter, r *http.Request) {
	if err := s.accept(w, r); err != nil {
		writeProblem(w, s.refusal(err))
	}
}

func (s *server) accept(w http.ResponseWriter, r *http.Request) error {
	key := r.Header.Get("Idempotency-Key")
	if key == "" || len(key) > maxKey {
		return huma.Error400BadRequest(fmt.Sprintf("Idempotency-Key is missing or over %d bytes: send one, and the same one when the request is repeated", maxKey))
	}
	select {
	case s.uploads <- struct{}{}:
		defer func() { <-s.uploads }()
	default:
		w.Header().Set("Retry-After", "5")
		return huma.Error503ServiceUnavailable(fmt.Sprintf("%d submissions are being received: try again in a few seconds", maxUploads))
	}
	id := actors.CampaignID(s.tokenID, key)
	sub := &submission{server: s, id: id, campaign: actors.Campaigns.Ref(s.System, id), rc: http.NewResponseController(w)}
	r.Body = patient{r.Body, sub.rc}
	if err := sub.receive(r); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Location", "/v1/campaigns/"+id)
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(Submitted{ID: id}) // a client that has gone asks again
	return nil
}

// receive returns when the campaign is accepted.
func (sub *submission) receive(r *http.Request) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return huma.Error400BadRequest("the body is not multipart/form-data with the parts campaign and audience: " + err.Error())
	}
	if err := sub.readCampaign(r.Context(), parts); err != nil {
		return err
	}
	if err := sub.openAudience(parts); err != nil {
		return err
	}
	sub.upload = ulid.Make().String()
	ticket, err := ask[actors.UploadTicket](r.Context(), sub.server, sub.campaign, actors.CampaignMsg(actors.BeginUpload{Upload: sub.upload}))
	switch {
	case err != nil:
		return err
	case ticket.Accepted != nil:
		return sub.compare(r.Context(), *ticket.Accepted)
	}
	return sub.store(r.Context())
}

func (sub *submission) readCampaign(ctx context.Context, parts *multipart.Reader) error {
	part, err := parts.NextPart()
	switch {
	case err != nil:
		return broken(err)
	case part.FormName() != "campaign":
		return huma.Error400BadRequest(fmt.Sprintf("the first part is %q: it must be campaign, and audience the second", part.FormName()))
	}
	if sub.definition, err = readDefinition(part); err != nil {
		return broken(err)
	}
	if sub.template, err = checkMessages(sub.definition.Messages); err != nil {
		return err
	}
	return sub.checkChannel(ctx)
}

// broken is the client's fault or departure, where err is not already the answer.
func broken(err error) error {
	var problem actors.Problem
	switch {
	case errors.As(err, &problem), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, io.EOF):
		return huma.Error400BadRequest("the body ends too early: it needs the parts campaign and audience, in this order")
	}
	return huma.Error400BadRequest("the body can't be read: " + err.Error())
}

// checkChannel refuses a channel that is not there, unless the campaign was accepted while it was.
func (sub *submission) checkChannel(ctx context.Context) error {
	s, name := sub.server, sub.definition.Channel
	unknown := refused("unknown channel %q; add it with: hayauma channel add %s --endpoint URL --token-env VAR", name, name)
	if !channelName.MatchString(name) {
		return refused("unknown channel %q: a channel's name is made of a-z, 0-9, _ and -; see: hayauma channel list", name)
	}
	_, err := ask[actors.ChannelInfo](ctx, s, actors.Channels.Ref(s.System, name), actors.ChannelMsg(actors.DescribeChannel{}))
	if !isNotFound(err) {
		return err
	}
	if _, err := ask[actors.Info](ctx, s, sub.campaign, actors.CampaignMsg(actors.Show{})); err == nil {
		return nil
	}
	return unknown
}

func (sub *submission) openAudience(parts *multipart.Reader) error {
	part, err := parts.NextPart()
	switch {
	case err != nil:
		return broken(err)
	case part.FormName() != "audience":
		return huma.Error400BadRequest(fmt.Sprintf("the second part is %q: it must be audience", part.FormName()))
	}
	sub.audience.Reader = toItsEnd{part, sub.rc}
	given := part.Header.Get("Content-Type")
	kind, _, err := mime.ParseMediaType(given)
	switch {
	case err == nil && kind == "text/csv":
		sub.audience.Format = audience.CSV
	case err == nil && kind == "application/x-ndjson":
		sub.audience.Format = audience.NDJSON
	default:
		return huma.Error415UnsupportedMediaType(fmt.Sprintf("the audience part has the Content-Type %q: it must be text/csv or application/x-ndjson", given))
	}
	switch encoding := part.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		sub.audience.Gzip = true
	default:
		return huma.Error415UnsupportedMediaType(fmt.Sprintf("the audience part has the Content-Encoding %q: only gzip is possible", encoding))
	}
	return nil
}

// patient ends a body that stalls.
type patient struct {
	io.ReadCloser
	rc *http.ResponseController
}

// Read gives the client stallTimeout for the next bytes.
func (p patient) Read(b []byte) (int, error) {
	if err := p.rc.SetReadDeadline(time.Now().Add(stallTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.ReadCloser.Read(b)
}

// toItsEnd takes the deadline off the connection when nothing more is read: what is left to do takes its own time, and the server
// would take a deadline that passes meanwhile for a client that has gone.
type toItsEnd struct {
	io.Reader
	rc *http.ResponseController
}

// Read implements io.Reader.
func (t toItsEnd) Read(b []byte) (int, error) {
	n, err := t.Reader.Read(b)
	if err != nil {
		_ = t.rc.SetReadDeadline(time.Time{}) // a connection that is gone needs none
	}
	return n, err
}
