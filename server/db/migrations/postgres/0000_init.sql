CREATE TABLE "activities" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"channel_id" varchar(64),
	"target" varchar(200) NOT NULL,
	"agent_id" varchar(64) NOT NULL,
	"kind" varchar(64) NOT NULL,
	"summary" text NOT NULL,
	"detail" text NOT NULL,
	"run_id" varchar(64),
	"step_id" varchar(64),
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "agents" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"name" varchar(64) NOT NULL,
	"display_name" varchar(255) NOT NULL,
	"description" text NOT NULL,
	"computer_id" varchar(64) NOT NULL,
	"runtime_kind" varchar(64) NOT NULL,
	"model" varchar(255) NOT NULL,
	"workspace" text NOT NULL,
	"instructions" text NOT NULL,
	"approvals" text NOT NULL,
	"limits" text NOT NULL,
	"confinement" text,
	"command" text NOT NULL,
	"env" text NOT NULL,
	"enabled" boolean NOT NULL,
	"status" text NOT NULL,
	"created_by" varchar(64) NOT NULL,
	"deleted_at" bigint,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "approvals" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"run_id" varchar(64) NOT NULL,
	"step_id" varchar(64) NOT NULL,
	"agent_id" varchar(64) NOT NULL,
	"computer_id" varchar(64) NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"target" varchar(200) NOT NULL,
	"thread_id" varchar(64),
	"request_id" varchar(255) NOT NULL,
	"name" varchar(255) NOT NULL,
	"kind" varchar(16) NOT NULL,
	"title" text NOT NULL,
	"input" text,
	"can_remember" boolean NOT NULL,
	"state" varchar(16) NOT NULL,
	"decided_by" text,
	"decided_at" bigint,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "archive_events" (
	"run_id" varchar(128) NOT NULL,
	"position" bigint NOT NULL,
	"phase" varchar(16) NOT NULL,
	"at_ns" varchar(24) NOT NULL,
	"summary" text NOT NULL,
	"payload" text NOT NULL,
	"exit_code" bigint NOT NULL,
	"error" text NOT NULL,
	"size" bigint NOT NULL,
	CONSTRAINT "archive_events_run_id_position_pk" PRIMARY KEY("run_id","position")
);
--> statement-breakpoint
CREATE TABLE "archives" (
	"run_id" varchar(128) PRIMARY KEY NOT NULL,
	"agent_id" varchar(64) NOT NULL,
	"computer_id" varchar(64) NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"started_at" bigint NOT NULL,
	"ended_at" bigint,
	"exit_code" bigint NOT NULL,
	"summary" text NOT NULL,
	"error" text NOT NULL,
	"event_count" bigint NOT NULL,
	"size" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "attachments" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"channel_id" varchar(64),
	"target" varchar(200),
	"owner" text NOT NULL,
	"owner_id" varchar(64) NOT NULL,
	"filename" varchar(255) NOT NULL,
	"mime_type" varchar(160) NOT NULL,
	"media" varchar(8) NOT NULL,
	"size_bytes" bigint NOT NULL,
	"blob_hash" varchar(64) NOT NULL,
	"width" bigint,
	"height" bigint,
	"encoding" varchar(32),
	"text" text,
	"text_cut" boolean NOT NULL,
	"message_id" varchar(64),
	"artifact" boolean NOT NULL,
	"title" varchar(200) NOT NULL,
	"thread_id" varchar(64),
	"run_id" varchar(64),
	"expires_at" bigint,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"actor" text NOT NULL,
	"actor_id" varchar(64) NOT NULL,
	"action" varchar(64) NOT NULL,
	"subject" varchar(200) NOT NULL,
	"detail" text NOT NULL,
	"address" varchar(64) NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "blobs" (
	"hash" varchar(64) PRIMARY KEY NOT NULL,
	"size_bytes" bigint NOT NULL,
	"refs" bigint NOT NULL,
	"touched_at" bigint NOT NULL,
	"doomed_at" bigint
);
--> statement-breakpoint
CREATE TABLE "channels" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"target" varchar(200) NOT NULL,
	"kind" varchar(16) NOT NULL,
	"name" varchar(200) NOT NULL,
	"topic" text NOT NULL,
	"visibility" varchar(16) NOT NULL,
	"language" varchar(8) NOT NULL,
	"created_by" varchar(64) NOT NULL,
	"archived_at" bigint,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "computers" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"daemon_id" varchar(255) NOT NULL,
	"display_name" varchar(255) NOT NULL,
	"hostname" varchar(255) NOT NULL,
	"os" varchar(32) NOT NULL,
	"arch" varchar(32) NOT NULL,
	"version" varchar(64) NOT NULL,
	"local" boolean NOT NULL,
	"runtimes" text NOT NULL,
	"inventory_version" varchar(255) NOT NULL,
	"resources" text,
	"lease_id" varchar(64),
	"last_seen_at" bigint,
	"announced" varchar(16) NOT NULL,
	"acked_sequence" bigint NOT NULL,
	"removed_at" bigint,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "coordination" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"thread_id" varchar(64) NOT NULL,
	"task_id" varchar(64) NOT NULL,
	"kind" varchar(32) NOT NULL,
	"subject_id" varchar(64) NOT NULL,
	"current" boolean NOT NULL,
	"actor" text NOT NULL,
	"actor_id" varchar(64) NOT NULL,
	"payload" text NOT NULL,
	"expires_at" bigint,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "credentials" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"kind" varchar(16) NOT NULL,
	"owner_id" varchar(64) NOT NULL,
	"token_hash" varchar(64) NOT NULL,
	"prefix" varchar(16) NOT NULL,
	"name" varchar(255) NOT NULL,
	"scopes" text NOT NULL,
	"csrf" varchar(64) NOT NULL,
	"user_agent" varchar(255) NOT NULL,
	"address" varchar(64) NOT NULL,
	"created_at" bigint NOT NULL,
	"last_used_at" bigint,
	"expires_at" bigint
);
--> statement-breakpoint
CREATE TABLE "debates" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"thread_id" varchar(64) NOT NULL,
	"topic" text NOT NULL,
	"agents" text NOT NULL,
	"turns" bigint NOT NULL,
	"turn" bigint NOT NULL,
	"state" varchar(16) NOT NULL,
	"delivery_id" varchar(64),
	"answers" text NOT NULL,
	"reason" text NOT NULL,
	"summary_message_id" varchar(64),
	"creator_id" varchar(64) NOT NULL,
	"created_by" text NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	"ended_at" bigint
);
--> statement-breakpoint
CREATE TABLE "decision_votes" (
	"decision_id" varchar(64) NOT NULL,
	"voter_id" varchar(64) NOT NULL,
	"voter" text NOT NULL,
	"vote" varchar(16) NOT NULL,
	"reason" text NOT NULL,
	"voted_at" bigint NOT NULL,
	CONSTRAINT "decision_votes_decision_id_voter_id_pk" PRIMARY KEY("decision_id","voter_id")
);
--> statement-breakpoint
CREATE TABLE "decisions" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"chain_id" varchar(64) NOT NULL,
	"message_id" varchar(64) NOT NULL,
	"source_message_id" varchar(64),
	"title" varchar(200) NOT NULL,
	"body" text NOT NULL,
	"status" varchar(16) NOT NULL,
	"proposer" text NOT NULL,
	"quorum" bigint NOT NULL,
	"approve_count" bigint NOT NULL,
	"reject_count" bigint NOT NULL,
	"abstain_count" bigint NOT NULL,
	"supersedes_id" varchar(64),
	"superseded_by_id" varchar(64),
	"forced" boolean NOT NULL,
	"closed_by" text,
	"close_reason" text NOT NULL,
	"version" bigint NOT NULL,
	"expires_at" bigint,
	"ratified_at" bigint,
	"closed_at" bigint,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"message_id" varchar(64) NOT NULL,
	"agent_id" varchar(64) NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"target" varchar(200) NOT NULL,
	"thread_id" varchar(64),
	"cause" varchar(16) NOT NULL,
	"state" varchar(16) NOT NULL,
	"waiting" varchar(32),
	"failure" text,
	"run_id" varchar(64),
	"answer_message_id" varchar(64),
	"since_message_id" varchar(64),
	"hops" bigint NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "drafts" (
	"user_id" varchar(64) NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"thread_id" varchar(64) NOT NULL,
	"content" text NOT NULL,
	"updated_at" bigint NOT NULL,
	CONSTRAINT "drafts_user_id_channel_id_thread_id_pk" PRIMARY KEY("user_id","channel_id","thread_id")
);
--> statement-breakpoint
CREATE TABLE "enrollments" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"computer_id" varchar(64) NOT NULL,
	"display_name" varchar(255) NOT NULL,
	"code_hash" varchar(64) NOT NULL,
	"status" varchar(16) NOT NULL,
	"created_by" varchar(64) NOT NULL,
	"expires_at" bigint NOT NULL,
	"connected_at" bigint,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "events" (
	"sequence" bigint PRIMARY KEY NOT NULL,
	"id" varchar(64) NOT NULL,
	"kind" varchar(32) NOT NULL,
	"operation" varchar(16) NOT NULL,
	"aggregate_id" varchar(64) NOT NULL,
	"audience" varchar(80) NOT NULL,
	"target" varchar(200),
	"actor" text NOT NULL,
	"payload" text NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "external_messages" (
	"endpoint_id" varchar(64) NOT NULL,
	"external_id" varchar(255) NOT NULL,
	"message_id" varchar(64) NOT NULL,
	"created_at" bigint NOT NULL,
	CONSTRAINT "external_messages_endpoint_id_external_id_pk" PRIMARY KEY("endpoint_id","external_id")
);
--> statement-breakpoint
CREATE TABLE "idempotency" (
	"principal" varchar(80) NOT NULL,
	"method" varchar(80) NOT NULL,
	"key" varchar(128) NOT NULL,
	"request_hash" varchar(64) NOT NULL,
	"response" text NOT NULL,
	"created_at" bigint NOT NULL,
	CONSTRAINT "idempotency_principal_method_key_pk" PRIMARY KEY("principal","method","key")
);
--> statement-breakpoint
CREATE TABLE "identities" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"key" varchar(64) NOT NULL,
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"user_id" varchar(64) NOT NULL,
	"email" varchar(255) NOT NULL,
	"created_at" bigint NOT NULL,
	"last_login_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "inbox" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"user_id" varchar(64) NOT NULL,
	"kind" varchar(16) NOT NULL,
	"reason" varchar(16) NOT NULL,
	"subject_id" varchar(64) NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"thread_id" varchar(64) NOT NULL,
	"message_id" varchar(64) NOT NULL,
	"state" bigint NOT NULL,
	"unread" bigint NOT NULL,
	"at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "interaction_endpoints" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"kind" varchar(16) NOT NULL,
	"provider" varchar(32) NOT NULL,
	"display_name" varchar(255) NOT NULL,
	"target_prefix" varchar(16) NOT NULL,
	"channel_id" varchar(64),
	"inbound_enabled" boolean NOT NULL,
	"outbound_enabled" boolean NOT NULL,
	"auth_mode" varchar(32) NOT NULL,
	"config" text NOT NULL,
	"secrets" text NOT NULL,
	"created_by" varchar(64) NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "members" (
	"channel_id" varchar(64) NOT NULL,
	"kind" varchar(16) NOT NULL,
	"member_id" varchar(64) NOT NULL,
	"role" varchar(16) NOT NULL,
	"delivery_mode" varchar(16) NOT NULL,
	"digest_minutes" bigint,
	"digest_at" bigint,
	"digested_id" varchar(64),
	"last_read_message_id" varchar(64),
	"notify" varchar(16),
	"joined_at" bigint NOT NULL,
	CONSTRAINT "members_channel_id_kind_member_id_pk" PRIMARY KEY("channel_id","kind","member_id")
);
--> statement-breakpoint
CREATE TABLE "memories" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"agent_id" varchar(64) NOT NULL,
	"scope" varchar(16) NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"path" varchar(200) NOT NULL,
	"title" varchar(200) NOT NULL,
	"content" text NOT NULL,
	"format" varchar(16) NOT NULL,
	"tags" text NOT NULL,
	"source_message_ids" text NOT NULL,
	"checksum" varchar(64) NOT NULL,
	"local_only" boolean NOT NULL,
	"size_bytes" bigint NOT NULL,
	"version" bigint NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mentions" (
	"message_id" varchar(64) NOT NULL,
	"kind" varchar(16) NOT NULL,
	"member_id" varchar(64) NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	CONSTRAINT "mentions_kind_member_id_channel_id_message_id_pk" PRIMARY KEY("kind","member_id","channel_id","message_id")
);
--> statement-breakpoint
CREATE TABLE "message_edits" (
	"message_id" varchar(64) NOT NULL,
	"version" bigint NOT NULL,
	"content" text NOT NULL,
	"written_at" bigint NOT NULL,
	"replaced_at" bigint NOT NULL,
	CONSTRAINT "message_edits_message_id_version_pk" PRIMARY KEY("message_id","version")
);
--> statement-breakpoint
CREATE TABLE "messages" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"target" varchar(200) NOT NULL,
	"thread_id" varchar(64) NOT NULL,
	"kind" varchar(16) NOT NULL,
	"sender_kind" varchar(16) NOT NULL,
	"sender_id" varchar(64) NOT NULL,
	"sender_name" varchar(64) NOT NULL,
	"sender_display_name" varchar(255) NOT NULL,
	"content" text NOT NULL,
	"mentions" text NOT NULL,
	"system" text,
	"run_id" varchar(64),
	"request_id" varchar(128),
	"reply_count" bigint NOT NULL,
	"last_reply_at" bigint,
	"reactions" text NOT NULL,
	"attachments" text NOT NULL,
	"pinned" text,
	"metadata" text,
	"edited_at" bigint,
	"deleted_at" bigint,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "notification_routes" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"thread_id" varchar(64) NOT NULL,
	"endpoint_id" varchar(64) NOT NULL,
	"event_kind" varchar(16) NOT NULL,
	"preference" varchar(16) NOT NULL,
	"enabled" boolean NOT NULL,
	"created_by" varchar(64) NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "operations" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"computer_id" varchar(64) NOT NULL,
	"agent_id" varchar(64),
	"action" varchar(64) NOT NULL,
	"reason" text NOT NULL,
	"state" varchar(16) NOT NULL,
	"detail" text NOT NULL,
	"requested_by" varchar(64) NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbound_deliveries" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"target" varchar(200) NOT NULL,
	"message_id" varchar(64) NOT NULL,
	"endpoint_id" varchar(64) NOT NULL,
	"endpoint_kind" varchar(16) NOT NULL,
	"event_kind" varchar(16) NOT NULL,
	"route_id" varchar(64),
	"reply_to" varchar(255),
	"external_message_id" varchar(255) NOT NULL,
	"status" varchar(16) NOT NULL,
	"attempt_count" bigint NOT NULL,
	"next_attempt_at" bigint,
	"lease_id" varchar(64),
	"lease_until" bigint,
	"delivered_at" bigint,
	"last_error" varchar(500) NOT NULL,
	"request_id" varchar(128) NOT NULL,
	"payload" text NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "permits" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"computer_id" varchar(64) NOT NULL,
	"agent_id" varchar(64) NOT NULL,
	"expires_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "pins" (
	"channel_id" varchar(64) NOT NULL,
	"message_id" varchar(64) NOT NULL,
	"created_at" bigint NOT NULL,
	CONSTRAINT "pins_channel_id_message_id_pk" PRIMARY KEY("channel_id","message_id")
);
--> statement-breakpoint
CREATE TABLE "prompt_messages" (
	"message_id" varchar(64) NOT NULL,
	"run_id" varchar(64) NOT NULL,
	CONSTRAINT "prompt_messages_message_id_run_id_pk" PRIMARY KEY("message_id","run_id")
);
--> statement-breakpoint
CREATE TABLE "prompts" (
	"run_id" varchar(64) PRIMARY KEY NOT NULL,
	"id" varchar(64) NOT NULL,
	"content" text NOT NULL,
	"content_hash" varchar(64) NOT NULL,
	"sections" text NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "push_subscriptions" (
	"session_id" varchar(64) PRIMARY KEY NOT NULL,
	"user_id" varchar(64) NOT NULL,
	"address" text NOT NULL,
	"locale" varchar(16) NOT NULL,
	"settings" text NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "release_gates" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"task_id" varchar(64) NOT NULL,
	"name" varchar(200) NOT NULL,
	"required_checks" text NOT NULL,
	"waiver" text,
	"release" text,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "reminder_events" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"reminder_id" varchar(64) NOT NULL,
	"type" varchar(16) NOT NULL,
	"actor" text NOT NULL,
	"at" bigint NOT NULL,
	"scheduled_at" bigint,
	"next_run_at" bigint,
	"message_id" varchar(64),
	"detail" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "reminders" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"thread_id" varchar(64),
	"message_id" varchar(64),
	"title" varchar(200) NOT NULL,
	"prompt" text NOT NULL,
	"status" varchar(16) NOT NULL,
	"schedule_kind" varchar(16) NOT NULL,
	"schedule" varchar(500) NOT NULL,
	"rule_kind" varchar(16) NOT NULL,
	"rule" varchar(500) NOT NULL,
	"anchor_at" bigint NOT NULL,
	"timezone" varchar(64) NOT NULL,
	"missed" varchar(8) NOT NULL,
	"for_kind" varchar(16),
	"for_id" varchar(64),
	"creator_id" varchar(64) NOT NULL,
	"created_by" text NOT NULL,
	"hops" bigint NOT NULL,
	"cancel_token" varchar(64) NOT NULL,
	"next_run_at" bigint,
	"last_run_at" bigint,
	"run_count" bigint NOT NULL,
	"max_runs" bigint,
	"last_error" text NOT NULL,
	"version" bigint NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "resource_subscriptions" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"agent_id" varchar(64) NOT NULL,
	"uri" varchar(500) NOT NULL,
	"kind" varchar(16) NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"subject_id" varchar(64) NOT NULL,
	"runtime_id" varchar(128) NOT NULL,
	"endpoint_id" varchar(128) NOT NULL,
	"from_sequence" bigint NOT NULL,
	"canceled" boolean NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "run_steps" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"run_id" varchar(64) NOT NULL,
	"sequence" bigint NOT NULL,
	"status" varchar(16) NOT NULL,
	"detail" text NOT NULL,
	"size" bigint NOT NULL,
	"started_at" bigint NOT NULL,
	"completed_at" bigint
);
--> statement-breakpoint
CREATE TABLE "run_usage" (
	"run_id" varchar(64) PRIMARY KEY NOT NULL,
	"at" bigint NOT NULL,
	"agent_id" varchar(64) NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"model" varchar(280) NOT NULL,
	"asked_by" varchar(64) NOT NULL,
	"input" bigint NOT NULL,
	"cache_read" bigint NOT NULL,
	"cache_write" bigint NOT NULL,
	"output" bigint NOT NULL,
	"reasoning" bigint NOT NULL,
	"cost_usd" double precision NOT NULL,
	"duration_ms" bigint NOT NULL,
	"failed" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"delivery_id" varchar(64),
	"agent_id" varchar(64) NOT NULL,
	"computer_id" varchar(64) NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"target" varchar(200) NOT NULL,
	"thread_id" varchar(64),
	"input_message_id" varchar(64),
	"result_message_id" varchar(64),
	"joined_run_id" varchar(64),
	"state" varchar(24) NOT NULL,
	"attempt" bigint NOT NULL,
	"max_attempts" bigint NOT NULL,
	"lease_id" varchar(64),
	"lease_expires_at" bigint,
	"past_leases" text NOT NULL,
	"failure" text,
	"summary" text NOT NULL,
	"usage" text,
	"cost_usd" double precision,
	"started_at" bigint,
	"completed_at" bigint,
	"detail_removed_at" bigint,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "saved_messages" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"kind" varchar(16) NOT NULL,
	"member_id" varchar(64) NOT NULL,
	"message_id" varchar(64) NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "search_docs" (
	"id" bigint PRIMARY KEY NOT NULL,
	"kind" varchar(16) NOT NULL,
	"ref_id" varchar(64) NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"thread_id" varchar(64) NOT NULL,
	"sender_id" varchar(64) NOT NULL,
	"created_at" bigint NOT NULL,
	"terms" "tsvector" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "second_factors" (
	"user_id" varchar(64) PRIMARY KEY NOT NULL,
	"secret" text NOT NULL,
	"enabled_at" bigint,
	"last_step" bigint NOT NULL,
	"recovery" text NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "settings" (
	"name" varchar(100) PRIMARY KEY NOT NULL,
	"value" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "step_pieces" (
	"step_id" varchar(64) NOT NULL,
	"position" bigint NOT NULL,
	"text" text NOT NULL,
	CONSTRAINT "step_pieces_step_id_position_pk" PRIMARY KEY("step_id","position")
);
--> statement-breakpoint
CREATE TABLE "storage_usage" (
	"owner_id" varchar(64) PRIMARY KEY NOT NULL,
	"bytes" bigint NOT NULL,
	"files" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "task_changes" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"task_id" varchar(64) NOT NULL,
	"version" bigint NOT NULL,
	"action" varchar(16) NOT NULL,
	"actor" text NOT NULL,
	"fields" text NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "task_claims" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"task_id" varchar(64) NOT NULL,
	"attempt" bigint NOT NULL,
	"holder" text NOT NULL,
	"holder_id" varchar(64) NOT NULL,
	"mode" varchar(16) NOT NULL,
	"state" varchar(16) NOT NULL,
	"lease_id" varchar(64) NOT NULL,
	"lease_seconds" bigint NOT NULL,
	"expires_at" bigint,
	"run_id" varchar(64),
	"assigned" boolean NOT NULL,
	"error" text NOT NULL,
	"claimed_at" bigint NOT NULL,
	"ended_at" bigint
);
--> statement-breakpoint
CREATE TABLE "task_edges" (
	"from_id" varchar(64) NOT NULL,
	"to_id" varchar(64) NOT NULL,
	"kind" varchar(16) NOT NULL,
	CONSTRAINT "task_edges_from_id_to_id_kind_pk" PRIMARY KEY("from_id","to_id","kind")
);
--> statement-breakpoint
CREATE TABLE "task_evidence" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"task_id" varchar(64) NOT NULL,
	"run_id" varchar(64),
	"actor" text NOT NULL,
	"summary" text NOT NULL,
	"checks" text NOT NULL,
	"commit_ids" text NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "task_labels" (
	"label" varchar(50) NOT NULL,
	"task_id" varchar(64) NOT NULL,
	CONSTRAINT "task_labels_label_task_id_pk" PRIMARY KEY("label","task_id")
);
--> statement-breakpoint
CREATE TABLE "task_reviews" (
	"task_id" varchar(64) NOT NULL,
	"reviewer_id" varchar(64) NOT NULL,
	"reviewer" text NOT NULL,
	"verdict" varchar(24) NOT NULL,
	"comment" text NOT NULL,
	"created_at" bigint NOT NULL,
	CONSTRAINT "task_reviews_task_id_reviewer_id_pk" PRIMARY KEY("task_id","reviewer_id")
);
--> statement-breakpoint
CREATE TABLE "task_splits" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"parent_id" varchar(64) NOT NULL,
	"parent_version" bigint NOT NULL,
	"proposed_by" text NOT NULL,
	"parts" text NOT NULL,
	"state" varchar(16) NOT NULL,
	"decided_by" text,
	"expires_at" bigint NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "task_views" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"owner_id" varchar(64) NOT NULL,
	"created_by" text NOT NULL,
	"name" varchar(80) NOT NULL,
	"shared" boolean NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"query" text NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tasks" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"number" bigint NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"target" varchar(200) NOT NULL,
	"summary" varchar(300) NOT NULL,
	"description" text NOT NULL,
	"state" varchar(16) NOT NULL,
	"column_name" varchar(64) NOT NULL,
	"own_column" boolean NOT NULL,
	"priority" varchar(16) NOT NULL,
	"labels" text NOT NULL,
	"due_at" bigint,
	"assignee_id" varchar(64),
	"reviewer_ids" text NOT NULL,
	"created_by" text NOT NULL,
	"created_by_id" varchar(64) NOT NULL,
	"source" varchar(16) NOT NULL,
	"blocked_reason" text NOT NULL,
	"parent_id" varchar(64),
	"root_id" varchar(64) NOT NULL,
	"graph_version" bigint NOT NULL,
	"claim_policy" varchar(16) NOT NULL,
	"claim_conflict" varchar(24) NOT NULL,
	"required_capabilities" text NOT NULL,
	"assigned_target" varchar(200) NOT NULL,
	"thread_id" varchar(64),
	"delivery_id" varchar(64),
	"split_id" varchar(64),
	"attempts" bigint NOT NULL,
	"failures" bigint NOT NULL,
	"released_at" bigint,
	"version" bigint NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	"closed_at" bigint
);
--> statement-breakpoint
CREATE TABLE "thread_follows" (
	"thread_id" varchar(64) NOT NULL,
	"kind" varchar(16) NOT NULL,
	"member_id" varchar(64) NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"state" varchar(8) NOT NULL,
	CONSTRAINT "thread_follows_thread_id_kind_member_id_pk" PRIMARY KEY("thread_id","kind","member_id")
);
--> statement-breakpoint
CREATE TABLE "threads" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"last_message_id" varchar(64) NOT NULL
);
--> statement-breakpoint
CREATE TABLE "thumbnails" (
	"hash" varchar(64) PRIMARY KEY NOT NULL,
	"image" "bytea" NOT NULL,
	"width" bigint NOT NULL,
	"height" bigint NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tickets" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"kind" varchar(16) NOT NULL,
	"code_hash" varchar(64) NOT NULL,
	"role" varchar(16),
	"channels" text NOT NULL,
	"note" varchar(255) NOT NULL,
	"user_id" varchar(64),
	"created_by" varchar(64) NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	"used_at" bigint,
	"used_by" varchar(64)
);
--> statement-breakpoint
CREATE TABLE "topics" (
	"thread_id" varchar(64) PRIMARY KEY NOT NULL,
	"channel_id" varchar(64) NOT NULL,
	"number" bigint NOT NULL,
	"title" varchar(200) NOT NULL,
	"creator_id" varchar(64) NOT NULL,
	"created_by" text NOT NULL,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	"closed_at" bigint
);
--> statement-breakpoint
CREATE TABLE "tunnels" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"token" varchar(64) NOT NULL,
	"computer_id" varchar(64) NOT NULL,
	"agent_id" varchar(64),
	"run_id" varchar(64),
	"channel_id" varchar(64),
	"target" varchar(200),
	"thread_id" varchar(64),
	"local_port" bigint NOT NULL,
	"label" varchar(200) NOT NULL,
	"state" varchar(20) NOT NULL,
	"access_policy" varchar(16) NOT NULL,
	"creator" text NOT NULL,
	"creator_id" varchar(64) NOT NULL,
	"ttl_seconds" bigint NOT NULL,
	"approved_by" text,
	"approved_at" bigint,
	"expires_at" bigint NOT NULL,
	"closed_at" bigint,
	"close_reason" varchar(500) NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "uploads" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"owner_id" varchar(64) NOT NULL,
	"channel_id" varchar(64),
	"target" varchar(200),
	"filename" varchar(255) NOT NULL,
	"mime_type" varchar(160) NOT NULL,
	"size_bytes" bigint,
	"sha256" varchar(64),
	"artifact" boolean NOT NULL,
	"title" varchar(200) NOT NULL,
	"ttl_seconds" bigint,
	"attachment_id" varchar(64),
	"expires_at" bigint NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" varchar(64) PRIMARY KEY NOT NULL,
	"username" varchar(64) NOT NULL,
	"display_name" varchar(255) NOT NULL,
	"password_hash" varchar(255) NOT NULL,
	"role" varchar(16) NOT NULL,
	"disabled_at" bigint,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE INDEX "activities_channel" ON "activities" USING btree ("channel_id","id");--> statement-breakpoint
CREATE INDEX "activities_agent" ON "activities" USING btree ("agent_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "agents_name" ON "agents" USING btree ("name");--> statement-breakpoint
CREATE INDEX "agents_computer" ON "agents" USING btree ("computer_id");--> statement-breakpoint
CREATE UNIQUE INDEX "approvals_step" ON "approvals" USING btree ("step_id");--> statement-breakpoint
CREATE INDEX "approvals_state" ON "approvals" USING btree ("state","id");--> statement-breakpoint
CREATE INDEX "approvals_run" ON "approvals" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "archives_agent" ON "archives" USING btree ("agent_id","started_at");--> statement-breakpoint
CREATE INDEX "archives_computer" ON "archives" USING btree ("computer_id","started_at");--> statement-breakpoint
CREATE INDEX "archives_channel" ON "archives" USING btree ("channel_id","started_at","run_id");--> statement-breakpoint
CREATE INDEX "archives_started" ON "archives" USING btree ("started_at","run_id");--> statement-breakpoint
CREATE INDEX "archives_updated" ON "archives" USING btree ("updated_at");--> statement-breakpoint
CREATE INDEX "attachments_channel" ON "attachments" USING btree ("channel_id","id");--> statement-breakpoint
CREATE INDEX "attachments_artifacts" ON "attachments" USING btree ("artifact","id");--> statement-breakpoint
CREATE INDEX "attachments_run" ON "attachments" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "attachments_owner" ON "attachments" USING btree ("owner_id","artifact","id");--> statement-breakpoint
CREATE INDEX "attachments_message" ON "attachments" USING btree ("message_id");--> statement-breakpoint
CREATE INDEX "attachments_expires" ON "attachments" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "attachments_blob" ON "attachments" USING btree ("blob_hash");--> statement-breakpoint
CREATE INDEX "audit_created" ON "audit" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "audit_actor" ON "audit" USING btree ("actor_id","id");--> statement-breakpoint
CREATE INDEX "audit_action" ON "audit" USING btree ("action","id");--> statement-breakpoint
CREATE INDEX "audit_subject" ON "audit" USING btree ("subject","id");--> statement-breakpoint
CREATE INDEX "blobs_unused" ON "blobs" USING btree ("refs","touched_at");--> statement-breakpoint
CREATE UNIQUE INDEX "channels_target" ON "channels" USING btree ("target");--> statement-breakpoint
CREATE INDEX "computers_seen" ON "computers" USING btree ("last_seen_at");--> statement-breakpoint
CREATE INDEX "coordination_channel" ON "coordination" USING btree ("channel_id","id");--> statement-breakpoint
CREATE INDEX "coordination_kind" ON "coordination" USING btree ("channel_id","kind","id");--> statement-breakpoint
CREATE INDEX "coordination_task" ON "coordination" USING btree ("task_id","id");--> statement-breakpoint
CREATE INDEX "coordination_subject" ON "coordination" USING btree ("subject_id","id");--> statement-breakpoint
CREATE INDEX "coordination_expiry" ON "coordination" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "credentials_token" ON "credentials" USING btree ("token_hash");--> statement-breakpoint
CREATE INDEX "credentials_owner" ON "credentials" USING btree ("kind","owner_id");--> statement-breakpoint
CREATE INDEX "debates_channel" ON "debates" USING btree ("channel_id","id");--> statement-breakpoint
CREATE INDEX "debates_state" ON "debates" USING btree ("channel_id","state");--> statement-breakpoint
CREATE INDEX "debates_delivery" ON "debates" USING btree ("delivery_id");--> statement-breakpoint
CREATE INDEX "decision_votes_page" ON "decision_votes" USING btree ("decision_id","voted_at","voter_id");--> statement-breakpoint
CREATE INDEX "decisions_channel" ON "decisions" USING btree ("channel_id","id");--> statement-breakpoint
CREATE INDEX "decisions_status" ON "decisions" USING btree ("channel_id","status","id");--> statement-breakpoint
CREATE INDEX "decisions_chain" ON "decisions" USING btree ("chain_id","id");--> statement-breakpoint
CREATE INDEX "decisions_supersedes" ON "decisions" USING btree ("supersedes_id","status");--> statement-breakpoint
CREATE INDEX "decisions_source" ON "decisions" USING btree ("source_message_id");--> statement-breakpoint
CREATE INDEX "decisions_expiry" ON "decisions" USING btree ("status","expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "deliveries_once" ON "deliveries" USING btree ("message_id","agent_id");--> statement-breakpoint
CREATE INDEX "deliveries_agent" ON "deliveries" USING btree ("agent_id","state");--> statement-breakpoint
CREATE INDEX "deliveries_of" ON "deliveries" USING btree ("agent_id","id");--> statement-breakpoint
CREATE INDEX "deliveries_channel" ON "deliveries" USING btree ("channel_id","id");--> statement-breakpoint
CREATE INDEX "deliveries_state" ON "deliveries" USING btree ("state","id");--> statement-breakpoint
CREATE INDEX "deliveries_thread" ON "deliveries" USING btree ("channel_id","thread_id","agent_id");--> statement-breakpoint
CREATE INDEX "enrollments_computer" ON "enrollments" USING btree ("computer_id");--> statement-breakpoint
CREATE INDEX "events_audience" ON "events" USING btree ("audience","sequence");--> statement-breakpoint
CREATE INDEX "events_kind" ON "events" USING btree ("kind","operation","created_at");--> statement-breakpoint
CREATE INDEX "events_aggregate" ON "events" USING btree ("aggregate_id");--> statement-breakpoint
CREATE INDEX "external_messages_message" ON "external_messages" USING btree ("message_id");--> statement-breakpoint
CREATE INDEX "idempotency_created" ON "idempotency" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "identities_key" ON "identities" USING btree ("key");--> statement-breakpoint
CREATE INDEX "identities_user" ON "identities" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "inbox_one" ON "inbox" USING btree ("user_id","kind","subject_id");--> statement-breakpoint
CREATE INDEX "inbox_page" ON "inbox" USING btree ("user_id","state","at","id");--> statement-breakpoint
CREATE INDEX "inbox_subject" ON "inbox" USING btree ("kind","subject_id");--> statement-breakpoint
CREATE INDEX "interaction_endpoints_channel" ON "interaction_endpoints" USING btree ("channel_id");--> statement-breakpoint
CREATE INDEX "members_member" ON "members" USING btree ("kind","member_id");--> statement-breakpoint
CREATE INDEX "members_digest" ON "members" USING btree ("digest_at");--> statement-breakpoint
CREATE UNIQUE INDEX "memories_path" ON "memories" USING btree ("agent_id","scope","channel_id","path");--> statement-breakpoint
CREATE INDEX "memories_changed" ON "memories" USING btree ("agent_id","updated_at","id");--> statement-breakpoint
CREATE INDEX "messages_page" ON "messages" USING btree ("channel_id","thread_id","id","sender_id");--> statement-breakpoint
CREATE INDEX "messages_channel" ON "messages" USING btree ("channel_id","id");--> statement-breakpoint
CREATE INDEX "messages_run" ON "messages" USING btree ("run_id");--> statement-breakpoint
CREATE UNIQUE INDEX "notification_routes_one" ON "notification_routes" USING btree ("channel_id","endpoint_id","event_kind","thread_id");--> statement-breakpoint
CREATE INDEX "notification_routes_endpoint" ON "notification_routes" USING btree ("endpoint_id");--> statement-breakpoint
CREATE INDEX "operations_computer" ON "operations" USING btree ("computer_id","created_at");--> statement-breakpoint
CREATE INDEX "outbound_deliveries_due" ON "outbound_deliveries" USING btree ("endpoint_id","next_attempt_at");--> statement-breakpoint
CREATE INDEX "outbound_deliveries_lease" ON "outbound_deliveries" USING btree ("endpoint_id","lease_until");--> statement-breakpoint
CREATE INDEX "outbound_deliveries_leases" ON "outbound_deliveries" USING btree ("lease_until");--> statement-breakpoint
CREATE INDEX "outbound_deliveries_page" ON "outbound_deliveries" USING btree ("channel_id","id");--> statement-breakpoint
CREATE INDEX "outbound_deliveries_of" ON "outbound_deliveries" USING btree ("endpoint_id","id");--> statement-breakpoint
CREATE INDEX "outbound_deliveries_message" ON "outbound_deliveries" USING btree ("message_id");--> statement-breakpoint
CREATE INDEX "outbound_deliveries_done" ON "outbound_deliveries" USING btree ("status","updated_at");--> statement-breakpoint
CREATE INDEX "permits_computer" ON "permits" USING btree ("computer_id","expires_at");--> statement-breakpoint
CREATE INDEX "prompt_messages_run" ON "prompt_messages" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "push_subscriptions_user" ON "push_subscriptions" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "release_gates_task" ON "release_gates" USING btree ("task_id");--> statement-breakpoint
CREATE INDEX "reminder_events_page" ON "reminder_events" USING btree ("reminder_id","id");--> statement-breakpoint
CREATE INDEX "reminder_events_age" ON "reminder_events" USING btree ("at");--> statement-breakpoint
CREATE INDEX "reminders_due" ON "reminders" USING btree ("next_run_at");--> statement-breakpoint
CREATE INDEX "reminders_channel" ON "reminders" USING btree ("channel_id","id");--> statement-breakpoint
CREATE INDEX "reminders_creator" ON "reminders" USING btree ("creator_id","status");--> statement-breakpoint
CREATE INDEX "reminders_for" ON "reminders" USING btree ("for_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "resource_subscriptions_uri" ON "resource_subscriptions" USING btree ("agent_id","uri");--> statement-breakpoint
CREATE INDEX "resource_subscriptions_expiry" ON "resource_subscriptions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "run_steps_run" ON "run_steps" USING btree ("run_id","sequence","id");--> statement-breakpoint
CREATE INDEX "run_usage_at" ON "run_usage" USING btree ("at");--> statement-breakpoint
CREATE INDEX "run_usage_agent" ON "run_usage" USING btree ("agent_id","at");--> statement-breakpoint
CREATE INDEX "run_usage_channel" ON "run_usage" USING btree ("channel_id","at");--> statement-breakpoint
CREATE INDEX "runs_computer" ON "runs" USING btree ("computer_id","state");--> statement-breakpoint
CREATE INDEX "runs_agent" ON "runs" USING btree ("agent_id","created_at");--> statement-breakpoint
CREATE INDEX "runs_of" ON "runs" USING btree ("agent_id","id");--> statement-breakpoint
CREATE INDEX "runs_active" ON "runs" USING btree ("agent_id","state");--> statement-breakpoint
CREATE INDEX "runs_channel" ON "runs" USING btree ("channel_id","id");--> statement-breakpoint
CREATE INDEX "runs_lease" ON "runs" USING btree ("state","lease_expires_at");--> statement-breakpoint
CREATE INDEX "runs_input" ON "runs" USING btree ("input_message_id");--> statement-breakpoint
CREATE INDEX "runs_detail" ON "runs" USING btree ("detail_removed_at","completed_at");--> statement-breakpoint
CREATE UNIQUE INDEX "saved_messages_one" ON "saved_messages" USING btree ("kind","member_id","message_id");--> statement-breakpoint
CREATE INDEX "saved_messages_page" ON "saved_messages" USING btree ("kind","member_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "search_docs_ref" ON "search_docs" USING btree ("kind","ref_id");--> statement-breakpoint
CREATE INDEX "search_docs_created" ON "search_docs" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "task_changes_task" ON "task_changes" USING btree ("task_id","id");--> statement-breakpoint
CREATE INDEX "task_claims_task" ON "task_claims" USING btree ("task_id","state");--> statement-breakpoint
CREATE INDEX "task_claims_lease" ON "task_claims" USING btree ("state","expires_at");--> statement-breakpoint
CREATE INDEX "task_claims_holder" ON "task_claims" USING btree ("holder_id","state");--> statement-breakpoint
CREATE INDEX "task_claims_run" ON "task_claims" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "task_edges_to" ON "task_edges" USING btree ("to_id","kind");--> statement-breakpoint
CREATE INDEX "task_evidence_task" ON "task_evidence" USING btree ("task_id","id");--> statement-breakpoint
CREATE INDEX "task_labels_task" ON "task_labels" USING btree ("task_id");--> statement-breakpoint
CREATE INDEX "task_splits_parent" ON "task_splits" USING btree ("parent_id","id");--> statement-breakpoint
CREATE INDEX "task_views_owner" ON "task_views" USING btree ("owner_id");--> statement-breakpoint
CREATE INDEX "task_views_shared" ON "task_views" USING btree ("shared");--> statement-breakpoint
CREATE UNIQUE INDEX "tasks_number" ON "tasks" USING btree ("number");--> statement-breakpoint
CREATE INDEX "tasks_board" ON "tasks" USING btree ("channel_id","column_name","id");--> statement-breakpoint
CREATE INDEX "tasks_column" ON "tasks" USING btree ("column_name","id");--> statement-breakpoint
CREATE INDEX "tasks_recent" ON "tasks" USING btree ("updated_at","id");--> statement-breakpoint
CREATE INDEX "tasks_channel" ON "tasks" USING btree ("channel_id","updated_at","id");--> statement-breakpoint
CREATE INDEX "tasks_assignee" ON "tasks" USING btree ("assignee_id","updated_at","id");--> statement-breakpoint
CREATE INDEX "tasks_creator" ON "tasks" USING btree ("created_by_id","updated_at","id");--> statement-breakpoint
CREATE INDEX "tasks_parent" ON "tasks" USING btree ("parent_id");--> statement-breakpoint
CREATE INDEX "tasks_root" ON "tasks" USING btree ("root_id");--> statement-breakpoint
CREATE INDEX "tasks_delivery" ON "tasks" USING btree ("delivery_id");--> statement-breakpoint
CREATE INDEX "tasks_thread" ON "tasks" USING btree ("thread_id");--> statement-breakpoint
CREATE INDEX "thread_follows_member" ON "thread_follows" USING btree ("kind","member_id","thread_id");--> statement-breakpoint
CREATE INDEX "threads_channel" ON "threads" USING btree ("channel_id","last_message_id");--> statement-breakpoint
CREATE INDEX "threads_last" ON "threads" USING btree ("last_message_id");--> statement-breakpoint
CREATE UNIQUE INDEX "tickets_code" ON "tickets" USING btree ("code_hash");--> statement-breakpoint
CREATE INDEX "tickets_kind" ON "tickets" USING btree ("kind","id");--> statement-breakpoint
CREATE INDEX "tickets_user" ON "tickets" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "tickets_expires" ON "tickets" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "topics_number" ON "topics" USING btree ("channel_id","number");--> statement-breakpoint
CREATE UNIQUE INDEX "tunnels_token" ON "tunnels" USING btree ("token");--> statement-breakpoint
CREATE INDEX "tunnels_computer" ON "tunnels" USING btree ("computer_id","id");--> statement-breakpoint
CREATE INDEX "tunnels_channel" ON "tunnels" USING btree ("channel_id","id");--> statement-breakpoint
CREATE INDEX "tunnels_creator" ON "tunnels" USING btree ("creator_id","id");--> statement-breakpoint
CREATE INDEX "tunnels_state" ON "tunnels" USING btree ("state","expires_at");--> statement-breakpoint
CREATE INDEX "uploads_owner" ON "uploads" USING btree ("owner_id","id");--> statement-breakpoint
CREATE INDEX "uploads_expires" ON "uploads" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "users_username" ON "users" USING btree ("username");