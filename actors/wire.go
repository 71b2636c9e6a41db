package actors

import "hayauma.example/codec"

// RegisterMessages names what grains say and answer across members; the names are on the wire and never change. Of what a poster and its
// gate say nothing stands here: both are always of one member. A Problem is an answer like any other, so it arrives as one.
//
// An error that is no Problem arrives as its text (engine.RemoteError); who needs to tell such errors apart answers with a Problem.
func RegisterMessages(r *codec.Registry) {
	registerCampaign(r)
	registerChannel(r)
	registerChecker(r)
	codec.Register[Compose](r, "composer/compose")
	codec.Register[Granted](r, "composer/granted")
	codec.Register[ReturnWindow](r, "composer/return_window")
	codec.Register[EndRun](r, "composer/end_run")
	codec.Register[Remaining](r, "composer/remaining")
	codec.Register[Post](r, "poster/post")
	codec.Register[GiveBack](r, "poster/give_back")
	codec.Register[Drop](r, "poster/drop")
	codec.Register[Recorded](r, "poster/recorded")
	codec.Register[Change](r, "recipients/change")
	codec.Register[Lookup](r, "recipients/lookup")
	codec.Register[Since](r, "recipients/since")
	codec.Register[Suppress](r, "recipients/suppress")
	codec.Register[AcceptMessages](r, "messages/accept")
	codec.Register[ShowMessage](r, "messages/show")
	codec.Register[CancelMessage](r, "messages/cancel")
	codec.Register[ListMessages](r, "messages/list")
	codec.Register[TellMessages](r, "messages/tell")
	codec.Register[DrainMessages](r, "messages/drain")
	codec.Register[Count](r, "tally/count")
	codec.Register[MonthOf](r, "tally/month_of")
	codec.Register[AllFigures](r, "tally/all_figures")
	registerWebhook(r)
	codec.Register[StartPublishing](r, "publisher/start")
	registerAnswers(r)
}

func registerCampaign(r *codec.Registry) {
	codec.Register[BeginUpload](r, "campaign/begin_upload")
	codec.Register[KeepUpload](r, "campaign/keep_upload")
	codec.Register[DropUpload](r, "campaign/drop_upload")
	codec.Register[Accept](r, "campaign/accept")
	codec.Register[Occur](r, "campaign/occur")
	codec.Register[OccurrenceOver](r, "campaign/occurrence_over")
	codec.Register[Show](r, "campaign/show")
	codec.Register[Layout](r, "campaign/layout")
	codec.Register[Pause](r, "campaign/pause")
	codec.Register[Resume](r, "campaign/resume")
	codec.Register[Cancel](r, "campaign/cancel")
	codec.Register[Redrive](r, "campaign/redrive")
	codec.Register[Rank](r, "campaign/rank")
	codec.Register[Drain](r, "campaign/drain")
	codec.Register[Progress](r, "campaign/progress")
	codec.Register[StandingOf](r, "campaign/standing_of")
	codec.Register[ChannelState](r, "campaign/channel_state")
	codec.Register[Dropped](r, "campaign/dropped")
	codec.Register[ShardsLost](r, "campaign/shards_lost")
}

func registerChannel(r *codec.Registry) {
	codec.Register[Configure](r, "channel/configure")
	codec.Register[RemoveChannel](r, "channel/remove")
	codec.Register[DescribeChannel](r, "channel/describe")
	codec.Register[ResumeChannel](r, "channel/resume")
	codec.Register[RunStanding](r, "channel/run_standing")
	codec.Register[WindowDone](r, "channel/window_done")
	codec.Register[FreeDemand](r, "channel/free_demand")
	codec.Register[NodeGone](r, "channel/node_gone")
	codec.Register[WantDemand](r, "channel/want_demand")
	codec.Register[WantTokens](r, "channel/want_tokens")
	codec.Register[NoteBooks](r, "channel/note_books")
	codec.Register[WhichBooks](r, "channel/which_books")
}

func registerChecker(r *codec.Registry) {
	codec.Register[Open](r, "checker/open")
	codec.Register[Report](r, "checker/report")
	codec.Register[Untold](r, "checker/untold")
	codec.Register[Unsettled](r, "checker/unsettled")
	codec.Register[Direct](r, "checker/direct")
	codec.Register[GiveUp](r, "checker/give_up")
	codec.Register[Reopen](r, "checker/reopen")
	codec.Register[Totalled](r, "checker/totalled")
	codec.Register[Page](r, "checker/page")
	codec.Register[Story](r, "checker/story")
	codec.Register[Forget](r, "checker/forget")
	codec.Register[TellAgain](r, "checker/tell_again")
	codec.Register[Origin](r, "checker/origin")
}

func registerWebhook(r *codec.Registry) {
	codec.Register[AddWebhook](r, "webhook/add")
	codec.Register[RemoveWebhook](r, "webhook/remove")
	codec.Register[DescribeWebhook](r, "webhook/describe")
	codec.Register[TestWebhook](r, "webhook/test")
}

func registerAnswers(r *codec.Registry) {
	codec.Register[Problem](r, "answer/problem")
	codec.Register[Done](r, "answer/done")
	codec.Register[UploadTicket](r, "answer/upload_ticket")
	codec.Register[Info](r, "answer/info")
	codec.Register[RunLayout](r, "answer/run_layout")
	codec.Register[ChannelInfo](r, "answer/channel_info")
	codec.Register[Tokens](r, "answer/tokens")
	codec.Register[UnsettledPaths](r, "answer/unsettled_paths")
	codec.Register[ReopenedPaths](r, "answer/reopened_paths")
	codec.Register[Redriving](r, "answer/redriving")
	codec.Register[Outcomes](r, "answer/outcomes")
	codec.Register[Account](r, "answer/account")
	codec.Register[Untaken](r, "answer/untaken")
	codec.Register[RecipientSettings](r, "answer/recipient_settings")
	codec.Register[RecipientDelta](r, "answer/recipient_delta")
	codec.Register[NotedBooks](r, "answer/noted_books")
	codec.Register[AcceptedMessages](r, "answer/accepted_messages")
	codec.Register[MessageInfo](r, "answer/message_info")
	codec.Register[MessageList](r, "answer/message_list")
	codec.Register[Counted](r, "answer/counted")
	codec.Register[Figures](r, "answer/figures")
	codec.Register[AllOfThem](r, "answer/all_figures")
	codec.Register[RunOrigin](r, "answer/run_origin")
	codec.Register[WebhookInfo](r, "answer/webhook_info")
	codec.Register[WebhookTested](r, "answer/webhook_tested")
}
