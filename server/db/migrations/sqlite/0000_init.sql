CREATE TABLE `activities` (
	`id` text PRIMARY KEY NOT NULL,
	`channel_id` text,
	`target` text NOT NULL,
	`agent_id` text NOT NULL,
	`kind` text NOT NULL,
	`summary` text NOT NULL,
	`detail` text NOT NULL,
	`run_id` text,
	`step_id` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `activities_channel` ON `activities` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `activities_agent` ON `activities` (`agent_id`,`id`);--> statement-breakpoint
CREATE TABLE `agents` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`display_name` text NOT NULL,
	`description` text NOT NULL,
	`computer_id` text NOT NULL,
	`runtime_kind` text NOT NULL,
	`model` text NOT NULL,
	`workspace` text NOT NULL,
	`instructions` text NOT NULL,
	`approvals` text NOT NULL,
	`limits` text NOT NULL,
	`confinement` text,
	`command` text NOT NULL,
	`env` text NOT NULL,
	`enabled` integer NOT NULL,
	`status` text NOT NULL,
	`created_by` text NOT NULL,
	`deleted_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `agents_name` ON `agents` (`name`);--> statement-breakpoint
CREATE INDEX `agents_computer` ON `agents` (`computer_id`);--> statement-breakpoint
CREATE TABLE `approvals` (
	`id` text PRIMARY KEY NOT NULL,
	`run_id` text NOT NULL,
	`step_id` text NOT NULL,
	`agent_id` text NOT NULL,
	`computer_id` text NOT NULL,
	`channel_id` text NOT NULL,
	`target` text NOT NULL,
	`thread_id` text,
	`request_id` text NOT NULL,
	`name` text NOT NULL,
	`kind` text NOT NULL,
	`title` text NOT NULL,
	`input` text,
	`can_remember` integer NOT NULL,
	`state` text NOT NULL,
	`decided_by` text,
	`decided_at` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `approvals_step` ON `approvals` (`step_id`);--> statement-breakpoint
CREATE INDEX `approvals_state` ON `approvals` (`state`,`id`);--> statement-breakpoint
CREATE INDEX `approvals_run` ON `approvals` (`run_id`);--> statement-breakpoint
CREATE TABLE `archive_events` (
	`run_id` text NOT NULL,
	`position` integer NOT NULL,
	`phase` text NOT NULL,
	`at_ns` text NOT NULL,
	`summary` text NOT NULL,
	`payload` text NOT NULL,
	`exit_code` integer NOT NULL,
	`error` text NOT NULL,
	`size` integer NOT NULL,
	PRIMARY KEY(`run_id`, `position`)
);
--> statement-breakpoint
CREATE TABLE `archives` (
	`run_id` text PRIMARY KEY NOT NULL,
	`agent_id` text NOT NULL,
	`computer_id` text NOT NULL,
	`channel_id` text NOT NULL,
	`started_at` integer NOT NULL,
	`ended_at` integer,
	`exit_code` integer NOT NULL,
	`summary` text NOT NULL,
	`error` text NOT NULL,
	`event_count` integer NOT NULL,
	`size` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `archives_agent` ON `archives` (`agent_id`,`started_at`);--> statement-breakpoint
CREATE INDEX `archives_computer` ON `archives` (`computer_id`,`started_at`);--> statement-breakpoint
CREATE INDEX `archives_channel` ON `archives` (`channel_id`,`started_at`,`run_id`);--> statement-breakpoint
CREATE INDEX `archives_started` ON `archives` (`started_at`,`run_id`);--> statement-breakpoint
CREATE INDEX `archives_updated` ON `archives` (`updated_at`);--> statement-breakpoint
CREATE TABLE `attachments` (
	`id` text PRIMARY KEY NOT NULL,
	`channel_id` text,
	`target` text,
	`owner` text NOT NULL,
	`owner_id` text NOT NULL,
	`filename` text NOT NULL,
	`mime_type` text NOT NULL,
	`media` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`blob_hash` text NOT NULL,
	`width` integer,
	`height` integer,
	`encoding` text,
	`text` text,
	`text_cut` integer NOT NULL,
	`message_id` text,
	`artifact` integer NOT NULL,
	`title` text NOT NULL,
	`thread_id` text,
	`run_id` text,
	`expires_at` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `attachments_channel` ON `attachments` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `attachments_artifacts` ON `attachments` (`artifact`,`id`);--> statement-breakpoint
CREATE INDEX `attachments_run` ON `attachments` (`run_id`);--> statement-breakpoint
CREATE INDEX `attachments_owner` ON `attachments` (`owner_id`,`artifact`,`id`);--> statement-breakpoint
CREATE INDEX `attachments_message` ON `attachments` (`message_id`);--> statement-breakpoint
CREATE INDEX `attachments_expires` ON `attachments` (`expires_at`);--> statement-breakpoint
CREATE INDEX `attachments_blob` ON `attachments` (`blob_hash`);--> statement-breakpoint
CREATE TABLE `audit` (
	`id` text PRIMARY KEY NOT NULL,
	`actor` text NOT NULL,
	`actor_id` text NOT NULL,
	`action` text NOT NULL,
	`subject` text NOT NULL,
	`detail` text NOT NULL,
	`address` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_created` ON `audit` (`created_at`);--> statement-breakpoint
CREATE INDEX `audit_actor` ON `audit` (`actor_id`,`id`);--> statement-breakpoint
CREATE INDEX `audit_action` ON `audit` (`action`,`id`);--> statement-breakpoint
CREATE INDEX `audit_subject` ON `audit` (`subject`,`id`);--> statement-breakpoint
CREATE TABLE `blobs` (
	`hash` text PRIMARY KEY NOT NULL,
	`size_bytes` integer NOT NULL,
	`refs` integer NOT NULL,
	`touched_at` integer NOT NULL,
	`doomed_at` integer
);
--> statement-breakpoint
CREATE INDEX `blobs_unused` ON `blobs` (`refs`,`touched_at`);--> statement-breakpoint
CREATE TABLE `channels` (
	`id` text PRIMARY KEY NOT NULL,
	`target` text NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`topic` text NOT NULL,
	`visibility` text NOT NULL,
	`language` text NOT NULL,
	`created_by` text NOT NULL,
	`archived_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `channels_target` ON `channels` (`target`);--> statement-breakpoint
CREATE TABLE `computers` (
	`id` text PRIMARY KEY NOT NULL,
	`daemon_id` text NOT NULL,
	`display_name` text NOT NULL,
	`hostname` text NOT NULL,
	`os` text NOT NULL,
	`arch` text NOT NULL,
	`version` text NOT NULL,
	`local` integer NOT NULL,
	`runtimes` text NOT NULL,
	`inventory_version` text NOT NULL,
	`resources` text,
	`lease_id` text,
	`last_seen_at` integer,
	`announced` text NOT NULL,
	`acked_sequence` integer NOT NULL,
	`removed_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `computers_seen` ON `computers` (`last_seen_at`);--> statement-breakpoint
CREATE TABLE `coordination` (
	`id` text PRIMARY KEY NOT NULL,
	`channel_id` text NOT NULL,
	`thread_id` text NOT NULL,
	`task_id` text NOT NULL,
	`kind` text NOT NULL,
	`subject_id` text NOT NULL,
	`current` integer NOT NULL,
	`actor` text NOT NULL,
	`actor_id` text NOT NULL,
	`payload` text NOT NULL,
	`expires_at` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `coordination_channel` ON `coordination` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `coordination_kind` ON `coordination` (`channel_id`,`kind`,`id`);--> statement-breakpoint
CREATE INDEX `coordination_task` ON `coordination` (`task_id`,`id`);--> statement-breakpoint
CREATE INDEX `coordination_subject` ON `coordination` (`subject_id`,`id`);--> statement-breakpoint
CREATE INDEX `coordination_expiry` ON `coordination` (`expires_at`);--> statement-breakpoint
CREATE TABLE `credentials` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`owner_id` text NOT NULL,
	`token_hash` text NOT NULL,
	`prefix` text NOT NULL,
	`name` text NOT NULL,
	`scopes` text NOT NULL,
	`csrf` text NOT NULL,
	`user_agent` text NOT NULL,
	`address` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer,
	`expires_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `credentials_token` ON `credentials` (`token_hash`);--> statement-breakpoint
CREATE INDEX `credentials_owner` ON `credentials` (`kind`,`owner_id`);--> statement-breakpoint
CREATE TABLE `debates` (
	`id` text PRIMARY KEY NOT NULL,
	`channel_id` text NOT NULL,
	`thread_id` text NOT NULL,
	`topic` text NOT NULL,
	`agents` text NOT NULL,
	`turns` integer NOT NULL,
	`turn` integer NOT NULL,
	`state` text NOT NULL,
	`delivery_id` text,
	`answers` text NOT NULL,
	`reason` text NOT NULL,
	`summary_message_id` text,
	`creator_id` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`ended_at` integer
);
--> statement-breakpoint
CREATE INDEX `debates_channel` ON `debates` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `debates_state` ON `debates` (`channel_id`,`state`);--> statement-breakpoint
CREATE INDEX `debates_delivery` ON `debates` (`delivery_id`);--> statement-breakpoint
CREATE TABLE `decision_votes` (
	`decision_id` text NOT NULL,
	`voter_id` text NOT NULL,
	`voter` text NOT NULL,
	`vote` text NOT NULL,
	`reason` text NOT NULL,
	`voted_at` integer NOT NULL,
	PRIMARY KEY(`decision_id`, `voter_id`)
);
--> statement-breakpoint
CREATE INDEX `decision_votes_page` ON `decision_votes` (`decision_id`,`voted_at`,`voter_id`);--> statement-breakpoint
CREATE TABLE `decisions` (
	`id` text PRIMARY KEY NOT NULL,
	`channel_id` text NOT NULL,
	`chain_id` text NOT NULL,
	`message_id` text NOT NULL,
	`source_message_id` text,
	`title` text NOT NULL,
	`body` text NOT NULL,
	`status` text NOT NULL,
	`proposer` text NOT NULL,
	`quorum` integer NOT NULL,
	`approve_count` integer NOT NULL,
	`reject_count` integer NOT NULL,
	`abstain_count` integer NOT NULL,
	`supersedes_id` text,
	`superseded_by_id` text,
	`forced` integer NOT NULL,
	`closed_by` text,
	`close_reason` text NOT NULL,
	`version` integer NOT NULL,
	`expires_at` integer,
	`ratified_at` integer,
	`closed_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `decisions_channel` ON `decisions` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `decisions_status` ON `decisions` (`channel_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `decisions_chain` ON `decisions` (`chain_id`,`id`);--> statement-breakpoint
CREATE INDEX `decisions_supersedes` ON `decisions` (`supersedes_id`,`status`);--> statement-breakpoint
CREATE INDEX `decisions_source` ON `decisions` (`source_message_id`);--> statement-breakpoint
CREATE INDEX `decisions_expiry` ON `decisions` (`status`,`expires_at`);--> statement-breakpoint
CREATE TABLE `deliveries` (
	`id` text PRIMARY KEY NOT NULL,
	`message_id` text NOT NULL,
	`agent_id` text NOT NULL,
	`channel_id` text NOT NULL,
	`target` text NOT NULL,
	`thread_id` text,
	`cause` text NOT NULL,
	`state` text NOT NULL,
	`waiting` text,
	`failure` text,
	`run_id` text,
	`answer_message_id` text,
	`since_message_id` text,
	`hops` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_once` ON `deliveries` (`message_id`,`agent_id`);--> statement-breakpoint
CREATE INDEX `deliveries_agent` ON `deliveries` (`agent_id`,`state`);--> statement-breakpoint
CREATE INDEX `deliveries_of` ON `deliveries` (`agent_id`,`id`);--> statement-breakpoint
CREATE INDEX `deliveries_channel` ON `deliveries` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `deliveries_state` ON `deliveries` (`state`,`id`);--> statement-breakpoint
CREATE INDEX `deliveries_thread` ON `deliveries` (`channel_id`,`thread_id`,`agent_id`);--> statement-breakpoint
CREATE TABLE `drafts` (
	`user_id` text NOT NULL,
	`channel_id` text NOT NULL,
	`thread_id` text NOT NULL,
	`content` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `channel_id`, `thread_id`)
);
--> statement-breakpoint
CREATE TABLE `enrollments` (
	`id` text PRIMARY KEY NOT NULL,
	`computer_id` text NOT NULL,
	`display_name` text NOT NULL,
	`code_hash` text NOT NULL,
	`status` text NOT NULL,
	`created_by` text NOT NULL,
	`expires_at` integer NOT NULL,
	`connected_at` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `enrollments_computer` ON `enrollments` (`computer_id`);--> statement-breakpoint
CREATE TABLE `events` (
	`sequence` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`operation` text NOT NULL,
	`aggregate_id` text NOT NULL,
	`audience` text NOT NULL,
	`target` text,
	`actor` text NOT NULL,
	`payload` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `events_audience` ON `events` (`audience`,`sequence`);--> statement-breakpoint
CREATE INDEX `events_kind` ON `events` (`kind`,`operation`,`created_at`);--> statement-breakpoint
CREATE INDEX `events_aggregate` ON `events` (`aggregate_id`);--> statement-breakpoint
CREATE TABLE `external_messages` (
	`endpoint_id` text NOT NULL,
	`external_id` text NOT NULL,
	`message_id` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`endpoint_id`, `external_id`)
);
--> statement-breakpoint
CREATE INDEX `external_messages_message` ON `external_messages` (`message_id`);--> statement-breakpoint
CREATE TABLE `idempotency` (
	`principal` text NOT NULL,
	`method` text NOT NULL,
	`key` text NOT NULL,
	`request_hash` text NOT NULL,
	`response` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`principal`, `method`, `key`)
);
--> statement-breakpoint
CREATE INDEX `idempotency_created` ON `idempotency` (`created_at`);--> statement-breakpoint
CREATE TABLE `identities` (
	`id` text PRIMARY KEY NOT NULL,
	`key` text NOT NULL,
	`issuer` text NOT NULL,
	`subject` text NOT NULL,
	`user_id` text NOT NULL,
	`email` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_login_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `identities_key` ON `identities` (`key`);--> statement-breakpoint
CREATE INDEX `identities_user` ON `identities` (`user_id`);--> statement-breakpoint
CREATE TABLE `inbox` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`kind` text NOT NULL,
	`reason` text NOT NULL,
	`subject_id` text NOT NULL,
	`channel_id` text NOT NULL,
	`thread_id` text NOT NULL,
	`message_id` text NOT NULL,
	`state` integer NOT NULL,
	`unread` integer NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `inbox_one` ON `inbox` (`user_id`,`kind`,`subject_id`);--> statement-breakpoint
CREATE INDEX `inbox_page` ON `inbox` (`user_id`,`state`,`at`,`id`);--> statement-breakpoint
CREATE INDEX `inbox_subject` ON `inbox` (`kind`,`subject_id`);--> statement-breakpoint
CREATE TABLE `interaction_endpoints` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`provider` text NOT NULL,
	`display_name` text NOT NULL,
	`target_prefix` text NOT NULL,
	`channel_id` text,
	`inbound_enabled` integer NOT NULL,
	`outbound_enabled` integer NOT NULL,
	`auth_mode` text NOT NULL,
	`config` text NOT NULL,
	`secrets` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `interaction_endpoints_channel` ON `interaction_endpoints` (`channel_id`);--> statement-breakpoint
CREATE TABLE `members` (
	`channel_id` text NOT NULL,
	`kind` text NOT NULL,
	`member_id` text NOT NULL,
	`role` text NOT NULL,
	`delivery_mode` text NOT NULL,
	`digest_minutes` integer,
	`digest_at` integer,
	`digested_id` text,
	`last_read_message_id` text,
	`notify` text,
	`joined_at` integer NOT NULL,
	PRIMARY KEY(`channel_id`, `kind`, `member_id`)
);
--> statement-breakpoint
CREATE INDEX `members_member` ON `members` (`kind`,`member_id`);--> statement-breakpoint
CREATE INDEX `members_digest` ON `members` (`digest_at`);--> statement-breakpoint
CREATE TABLE `memories` (
	`id` text PRIMARY KEY NOT NULL,
	`agent_id` text NOT NULL,
	`scope` text NOT NULL,
	`channel_id` text NOT NULL,
	`path` text NOT NULL,
	`title` text NOT NULL,
	`content` text NOT NULL,
	`format` text NOT NULL,
	`tags` text NOT NULL,
	`source_message_ids` text NOT NULL,
	`checksum` text NOT NULL,
	`local_only` integer NOT NULL,
	`size_bytes` integer NOT NULL,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `memories_path` ON `memories` (`agent_id`,`scope`,`channel_id`,`path`);--> statement-breakpoint
CREATE INDEX `memories_changed` ON `memories` (`agent_id`,`updated_at`,`id`);--> statement-breakpoint
CREATE TABLE `mentions` (
	`message_id` text NOT NULL,
	`kind` text NOT NULL,
	`member_id` text NOT NULL,
	`channel_id` text NOT NULL,
	PRIMARY KEY(`kind`, `member_id`, `channel_id`, `message_id`)
);
--> statement-breakpoint
CREATE TABLE `message_edits` (
	`message_id` text NOT NULL,
	`version` integer NOT NULL,
	`content` text NOT NULL,
	`written_at` integer NOT NULL,
	`replaced_at` integer NOT NULL,
	PRIMARY KEY(`message_id`, `version`)
);
--> statement-breakpoint
CREATE TABLE `messages` (
	`id` text PRIMARY KEY NOT NULL,
	`channel_id` text NOT NULL,
	`target` text NOT NULL,
	`thread_id` text NOT NULL,
	`kind` text NOT NULL,
	`sender_kind` text NOT NULL,
	`sender_id` text NOT NULL,
	`sender_name` text NOT NULL,
	`sender_display_name` text NOT NULL,
	`content` text NOT NULL,
	`mentions` text NOT NULL,
	`system` text,
	`run_id` text,
	`request_id` text,
	`reply_count` integer NOT NULL,
	`last_reply_at` integer,
	`reactions` text NOT NULL,
	`attachments` text NOT NULL,
	`pinned` text,
	`metadata` text,
	`edited_at` integer,
	`deleted_at` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `messages_page` ON `messages` (`channel_id`,`thread_id`,`id`,`sender_id`);--> statement-breakpoint
CREATE INDEX `messages_channel` ON `messages` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `messages_run` ON `messages` (`run_id`);--> statement-breakpoint
CREATE TABLE `notification_routes` (
	`id` text PRIMARY KEY NOT NULL,
	`channel_id` text NOT NULL,
	`thread_id` text NOT NULL,
	`endpoint_id` text NOT NULL,
	`event_kind` text NOT NULL,
	`preference` text NOT NULL,
	`enabled` integer NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `notification_routes_one` ON `notification_routes` (`channel_id`,`endpoint_id`,`event_kind`,`thread_id`);--> statement-breakpoint
CREATE INDEX `notification_routes_endpoint` ON `notification_routes` (`endpoint_id`);--> statement-breakpoint
CREATE TABLE `operations` (
	`id` text PRIMARY KEY NOT NULL,
	`computer_id` text NOT NULL,
	`agent_id` text,
	`action` text NOT NULL,
	`reason` text NOT NULL,
	`state` text NOT NULL,
	`detail` text NOT NULL,
	`requested_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `operations_computer` ON `operations` (`computer_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `outbound_deliveries` (
	`id` text PRIMARY KEY NOT NULL,
	`channel_id` text NOT NULL,
	`target` text NOT NULL,
	`message_id` text NOT NULL,
	`endpoint_id` text NOT NULL,
	`endpoint_kind` text NOT NULL,
	`event_kind` text NOT NULL,
	`route_id` text,
	`reply_to` text,
	`external_message_id` text NOT NULL,
	`status` text NOT NULL,
	`attempt_count` integer NOT NULL,
	`next_attempt_at` integer,
	`lease_id` text,
	`lease_until` integer,
	`delivered_at` integer,
	`last_error` text NOT NULL,
	`request_id` text NOT NULL,
	`payload` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `outbound_deliveries_due` ON `outbound_deliveries` (`endpoint_id`,`next_attempt_at`);--> statement-breakpoint
CREATE INDEX `outbound_deliveries_lease` ON `outbound_deliveries` (`endpoint_id`,`lease_until`);--> statement-breakpoint
CREATE INDEX `outbound_deliveries_leases` ON `outbound_deliveries` (`lease_until`);--> statement-breakpoint
CREATE INDEX `outbound_deliveries_page` ON `outbound_deliveries` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `outbound_deliveries_of` ON `outbound_deliveries` (`endpoint_id`,`id`);--> statement-breakpoint
CREATE INDEX `outbound_deliveries_message` ON `outbound_deliveries` (`message_id`);--> statement-breakpoint
CREATE INDEX `outbound_deliveries_done` ON `outbound_deliveries` (`status`,`updated_at`);--> statement-breakpoint
CREATE TABLE `permits` (
	`id` text PRIMARY KEY NOT NULL,
	`computer_id` text NOT NULL,
	`agent_id` text NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `permits_computer` ON `permits` (`computer_id`,`expires_at`);--> statement-breakpoint
CREATE TABLE `pins` (
	`channel_id` text NOT NULL,
	`message_id` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`channel_id`, `message_id`)
);
--> statement-breakpoint
CREATE TABLE `prompt_messages` (
	`message_id` text NOT NULL,
	`run_id` text NOT NULL,
	PRIMARY KEY(`message_id`, `run_id`)
);
--> statement-breakpoint
CREATE INDEX `prompt_messages_run` ON `prompt_messages` (`run_id`);--> statement-breakpoint
CREATE TABLE `prompts` (
	`run_id` text PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`content` text NOT NULL,
	`content_hash` text NOT NULL,
	`sections` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `push_subscriptions` (
	`session_id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`address` text NOT NULL,
	`locale` text NOT NULL,
	`settings` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `push_subscriptions_user` ON `push_subscriptions` (`user_id`);--> statement-breakpoint
CREATE TABLE `release_gates` (
	`id` text PRIMARY KEY NOT NULL,
	`task_id` text NOT NULL,
	`name` text NOT NULL,
	`required_checks` text NOT NULL,
	`waiver` text,
	`release` text,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `release_gates_task` ON `release_gates` (`task_id`);--> statement-breakpoint
CREATE TABLE `reminder_events` (
	`id` text PRIMARY KEY NOT NULL,
	`reminder_id` text NOT NULL,
	`type` text NOT NULL,
	`actor` text NOT NULL,
	`at` integer NOT NULL,
	`scheduled_at` integer,
	`next_run_at` integer,
	`message_id` text,
	`detail` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `reminder_events_page` ON `reminder_events` (`reminder_id`,`id`);--> statement-breakpoint
CREATE INDEX `reminder_events_age` ON `reminder_events` (`at`);--> statement-breakpoint
CREATE TABLE `reminders` (
	`id` text PRIMARY KEY NOT NULL,
	`channel_id` text NOT NULL,
	`thread_id` text,
	`message_id` text,
	`title` text NOT NULL,
	`prompt` text NOT NULL,
	`status` text NOT NULL,
	`schedule_kind` text NOT NULL,
	`schedule` text NOT NULL,
	`rule_kind` text NOT NULL,
	`rule` text NOT NULL,
	`anchor_at` integer NOT NULL,
	`timezone` text NOT NULL,
	`missed` text NOT NULL,
	`for_kind` text,
	`for_id` text,
	`creator_id` text NOT NULL,
	`created_by` text NOT NULL,
	`hops` integer NOT NULL,
	`cancel_token` text NOT NULL,
	`next_run_at` integer,
	`last_run_at` integer,
	`run_count` integer NOT NULL,
	`max_runs` integer,
	`last_error` text NOT NULL,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `reminders_due` ON `reminders` (`next_run_at`);--> statement-breakpoint
CREATE INDEX `reminders_channel` ON `reminders` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `reminders_creator` ON `reminders` (`creator_id`,`status`);--> statement-breakpoint
CREATE INDEX `reminders_for` ON `reminders` (`for_id`,`id`);--> statement-breakpoint
CREATE TABLE `resource_subscriptions` (
	`id` text PRIMARY KEY NOT NULL,
	`agent_id` text NOT NULL,
	`uri` text NOT NULL,
	`kind` text NOT NULL,
	`channel_id` text NOT NULL,
	`subject_id` text NOT NULL,
	`runtime_id` text NOT NULL,
	`endpoint_id` text NOT NULL,
	`from_sequence` integer NOT NULL,
	`canceled` integer NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `resource_subscriptions_uri` ON `resource_subscriptions` (`agent_id`,`uri`);--> statement-breakpoint
CREATE INDEX `resource_subscriptions_expiry` ON `resource_subscriptions` (`expires_at`);--> statement-breakpoint
CREATE TABLE `run_steps` (
	`id` text PRIMARY KEY NOT NULL,
	`run_id` text NOT NULL,
	`sequence` integer NOT NULL,
	`status` text NOT NULL,
	`detail` text NOT NULL,
	`size` integer NOT NULL,
	`started_at` integer NOT NULL,
	`completed_at` integer
);
--> statement-breakpoint
CREATE INDEX `run_steps_run` ON `run_steps` (`run_id`,`sequence`,`id`);--> statement-breakpoint
CREATE TABLE `run_usage` (
	`run_id` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`agent_id` text NOT NULL,
	`channel_id` text NOT NULL,
	`model` text NOT NULL,
	`asked_by` text NOT NULL,
	`input` integer NOT NULL,
	`cache_read` integer NOT NULL,
	`cache_write` integer NOT NULL,
	`output` integer NOT NULL,
	`reasoning` integer NOT NULL,
	`cost_usd` real NOT NULL,
	`duration_ms` integer NOT NULL,
	`failed` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `run_usage_at` ON `run_usage` (`at`);--> statement-breakpoint
CREATE INDEX `run_usage_agent` ON `run_usage` (`agent_id`,`at`);--> statement-breakpoint
CREATE INDEX `run_usage_channel` ON `run_usage` (`channel_id`,`at`);--> statement-breakpoint
CREATE TABLE `runs` (
	`id` text PRIMARY KEY NOT NULL,
	`delivery_id` text,
	`agent_id` text NOT NULL,
	`computer_id` text NOT NULL,
	`channel_id` text NOT NULL,
	`target` text NOT NULL,
	`thread_id` text,
	`input_message_id` text,
	`result_message_id` text,
	`joined_run_id` text,
	`state` text NOT NULL,
	`attempt` integer NOT NULL,
	`max_attempts` integer NOT NULL,
	`lease_id` text,
	`lease_expires_at` integer,
	`past_leases` text NOT NULL,
	`failure` text,
	`summary` text NOT NULL,
	`usage` text,
	`cost_usd` real,
	`started_at` integer,
	`completed_at` integer,
	`detail_removed_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `runs_computer` ON `runs` (`computer_id`,`state`);--> statement-breakpoint
CREATE INDEX `runs_agent` ON `runs` (`agent_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `runs_of` ON `runs` (`agent_id`,`id`);--> statement-breakpoint
CREATE INDEX `runs_active` ON `runs` (`agent_id`,`state`);--> statement-breakpoint
CREATE INDEX `runs_channel` ON `runs` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `runs_lease` ON `runs` (`state`,`lease_expires_at`);--> statement-breakpoint
CREATE INDEX `runs_input` ON `runs` (`input_message_id`);--> statement-breakpoint
CREATE INDEX `runs_detail` ON `runs` (`detail_removed_at`,`completed_at`);--> statement-breakpoint
CREATE TABLE `saved_messages` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`member_id` text NOT NULL,
	`message_id` text NOT NULL,
	`channel_id` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `saved_messages_one` ON `saved_messages` (`kind`,`member_id`,`message_id`);--> statement-breakpoint
CREATE INDEX `saved_messages_page` ON `saved_messages` (`kind`,`member_id`,`id`);--> statement-breakpoint
CREATE TABLE `search_docs` (
	`id` integer PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`ref_id` text NOT NULL,
	`channel_id` text NOT NULL,
	`thread_id` text NOT NULL,
	`sender_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`terms` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `search_docs_ref` ON `search_docs` (`kind`,`ref_id`);--> statement-breakpoint
CREATE INDEX `search_docs_created` ON `search_docs` (`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `second_factors` (
	`user_id` text PRIMARY KEY NOT NULL,
	`secret` text NOT NULL,
	`enabled_at` integer,
	`last_step` integer NOT NULL,
	`recovery` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `settings` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `step_pieces` (
	`step_id` text NOT NULL,
	`position` integer NOT NULL,
	`text` text NOT NULL,
	PRIMARY KEY(`step_id`, `position`)
);
--> statement-breakpoint
CREATE TABLE `storage_usage` (
	`owner_id` text PRIMARY KEY NOT NULL,
	`bytes` integer NOT NULL,
	`files` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `task_changes` (
	`id` text PRIMARY KEY NOT NULL,
	`task_id` text NOT NULL,
	`version` integer NOT NULL,
	`action` text NOT NULL,
	`actor` text NOT NULL,
	`fields` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `task_changes_task` ON `task_changes` (`task_id`,`id`);--> statement-breakpoint
CREATE TABLE `task_claims` (
	`id` text PRIMARY KEY NOT NULL,
	`task_id` text NOT NULL,
	`attempt` integer NOT NULL,
	`holder` text NOT NULL,
	`holder_id` text NOT NULL,
	`mode` text NOT NULL,
	`state` text NOT NULL,
	`lease_id` text NOT NULL,
	`lease_seconds` integer NOT NULL,
	`expires_at` integer,
	`run_id` text,
	`assigned` integer NOT NULL,
	`error` text NOT NULL,
	`claimed_at` integer NOT NULL,
	`ended_at` integer
);
--> statement-breakpoint
CREATE INDEX `task_claims_task` ON `task_claims` (`task_id`,`state`);--> statement-breakpoint
CREATE INDEX `task_claims_lease` ON `task_claims` (`state`,`expires_at`);--> statement-breakpoint
CREATE INDEX `task_claims_holder` ON `task_claims` (`holder_id`,`state`);--> statement-breakpoint
CREATE INDEX `task_claims_run` ON `task_claims` (`run_id`);--> statement-breakpoint
CREATE TABLE `task_edges` (
	`from_id` text NOT NULL,
	`to_id` text NOT NULL,
	`kind` text NOT NULL,
	PRIMARY KEY(`from_id`, `to_id`, `kind`)
);
--> statement-breakpoint
CREATE INDEX `task_edges_to` ON `task_edges` (`to_id`,`kind`);--> statement-breakpoint
CREATE TABLE `task_evidence` (
	`id` text PRIMARY KEY NOT NULL,
	`task_id` text NOT NULL,
	`run_id` text,
	`actor` text NOT NULL,
	`summary` text NOT NULL,
	`checks` text NOT NULL,
	`commit_ids` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `task_evidence_task` ON `task_evidence` (`task_id`,`id`);--> statement-breakpoint
CREATE TABLE `task_labels` (
	`label` text NOT NULL,
	`task_id` text NOT NULL,
	PRIMARY KEY(`label`, `task_id`)
);
--> statement-breakpoint
CREATE INDEX `task_labels_task` ON `task_labels` (`task_id`);--> statement-breakpoint
CREATE TABLE `task_reviews` (
	`task_id` text NOT NULL,
	`reviewer_id` text NOT NULL,
	`reviewer` text NOT NULL,
	`verdict` text NOT NULL,
	`comment` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`task_id`, `reviewer_id`)
);
--> statement-breakpoint
CREATE TABLE `task_splits` (
	`id` text PRIMARY KEY NOT NULL,
	`parent_id` text NOT NULL,
	`parent_version` integer NOT NULL,
	`proposed_by` text NOT NULL,
	`parts` text NOT NULL,
	`state` text NOT NULL,
	`decided_by` text,
	`expires_at` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `task_splits_parent` ON `task_splits` (`parent_id`,`id`);--> statement-breakpoint
CREATE TABLE `task_views` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` text NOT NULL,
	`created_by` text NOT NULL,
	`name` text NOT NULL,
	`shared` integer NOT NULL,
	`channel_id` text NOT NULL,
	`query` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `task_views_owner` ON `task_views` (`owner_id`);--> statement-breakpoint
CREATE INDEX `task_views_shared` ON `task_views` (`shared`);--> statement-breakpoint
CREATE TABLE `tasks` (
	`id` text PRIMARY KEY NOT NULL,
	`number` integer NOT NULL,
	`channel_id` text NOT NULL,
	`target` text NOT NULL,
	`summary` text NOT NULL,
	`description` text NOT NULL,
	`state` text NOT NULL,
	`column_name` text NOT NULL,
	`own_column` integer NOT NULL,
	`priority` text NOT NULL,
	`labels` text NOT NULL,
	`due_at` integer,
	`assignee_id` text,
	`reviewer_ids` text NOT NULL,
	`created_by` text NOT NULL,
	`created_by_id` text NOT NULL,
	`source` text NOT NULL,
	`blocked_reason` text NOT NULL,
	`parent_id` text,
	`root_id` text NOT NULL,
	`graph_version` integer NOT NULL,
	`claim_policy` text NOT NULL,
	`claim_conflict` text NOT NULL,
	`required_capabilities` text NOT NULL,
	`assigned_target` text NOT NULL,
	`thread_id` text,
	`delivery_id` text,
	`split_id` text,
	`attempts` integer NOT NULL,
	`failures` integer NOT NULL,
	`released_at` integer,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`closed_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tasks_number` ON `tasks` (`number`);--> statement-breakpoint
CREATE INDEX `tasks_board` ON `tasks` (`channel_id`,`column_name`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_column` ON `tasks` (`column_name`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_recent` ON `tasks` (`updated_at`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_channel` ON `tasks` (`channel_id`,`updated_at`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_assignee` ON `tasks` (`assignee_id`,`updated_at`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_creator` ON `tasks` (`created_by_id`,`updated_at`,`id`);--> statement-breakpoint
CREATE INDEX `tasks_parent` ON `tasks` (`parent_id`);--> statement-breakpoint
CREATE INDEX `tasks_root` ON `tasks` (`root_id`);--> statement-breakpoint
CREATE INDEX `tasks_delivery` ON `tasks` (`delivery_id`);--> statement-breakpoint
CREATE INDEX `tasks_thread` ON `tasks` (`thread_id`);--> statement-breakpoint
CREATE TABLE `thread_follows` (
	`thread_id` text NOT NULL,
	`kind` text NOT NULL,
	`member_id` text NOT NULL,
	`channel_id` text NOT NULL,
	`state` text NOT NULL,
	PRIMARY KEY(`thread_id`, `kind`, `member_id`)
);
--> statement-breakpoint
CREATE INDEX `thread_follows_member` ON `thread_follows` (`kind`,`member_id`,`thread_id`);--> statement-breakpoint
CREATE TABLE `threads` (
	`id` text PRIMARY KEY NOT NULL,
	`channel_id` text NOT NULL,
	`last_message_id` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `threads_channel` ON `threads` (`channel_id`,`last_message_id`);--> statement-breakpoint
CREATE INDEX `threads_last` ON `threads` (`last_message_id`);--> statement-breakpoint
CREATE TABLE `thumbnails` (
	`hash` text PRIMARY KEY NOT NULL,
	`image` blob NOT NULL,
	`width` integer NOT NULL,
	`height` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `tickets` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`code_hash` text NOT NULL,
	`role` text,
	`channels` text NOT NULL,
	`note` text NOT NULL,
	`user_id` text,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`used_at` integer,
	`used_by` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tickets_code` ON `tickets` (`code_hash`);--> statement-breakpoint
CREATE INDEX `tickets_kind` ON `tickets` (`kind`,`id`);--> statement-breakpoint
CREATE INDEX `tickets_user` ON `tickets` (`user_id`);--> statement-breakpoint
CREATE INDEX `tickets_expires` ON `tickets` (`expires_at`);--> statement-breakpoint
CREATE TABLE `topics` (
	`thread_id` text PRIMARY KEY NOT NULL,
	`channel_id` text NOT NULL,
	`number` integer NOT NULL,
	`title` text NOT NULL,
	`creator_id` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`closed_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `topics_number` ON `topics` (`channel_id`,`number`);--> statement-breakpoint
CREATE TABLE `tunnels` (
	`id` text PRIMARY KEY NOT NULL,
	`token` text NOT NULL,
	`computer_id` text NOT NULL,
	`agent_id` text,
	`run_id` text,
	`channel_id` text,
	`target` text,
	`thread_id` text,
	`local_port` integer NOT NULL,
	`label` text NOT NULL,
	`state` text NOT NULL,
	`access_policy` text NOT NULL,
	`creator` text NOT NULL,
	`creator_id` text NOT NULL,
	`ttl_seconds` integer NOT NULL,
	`approved_by` text,
	`approved_at` integer,
	`expires_at` integer NOT NULL,
	`closed_at` integer,
	`close_reason` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tunnels_token` ON `tunnels` (`token`);--> statement-breakpoint
CREATE INDEX `tunnels_computer` ON `tunnels` (`computer_id`,`id`);--> statement-breakpoint
CREATE INDEX `tunnels_channel` ON `tunnels` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `tunnels_creator` ON `tunnels` (`creator_id`,`id`);--> statement-breakpoint
CREATE INDEX `tunnels_state` ON `tunnels` (`state`,`expires_at`);--> statement-breakpoint
CREATE TABLE `uploads` (
	`id` text PRIMARY KEY NOT NULL,
	`owner` text NOT NULL,
	`owner_id` text NOT NULL,
	`channel_id` text,
	`target` text,
	`filename` text NOT NULL,
	`mime_type` text NOT NULL,
	`size_bytes` integer,
	`sha256` text,
	`artifact` integer NOT NULL,
	`title` text NOT NULL,
	`ttl_seconds` integer,
	`attachment_id` text,
	`expires_at` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `uploads_owner` ON `uploads` (`owner_id`,`id`);--> statement-breakpoint
CREATE INDEX `uploads_expires` ON `uploads` (`expires_at`);--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`username` text NOT NULL,
	`display_name` text NOT NULL,
	`password_hash` text NOT NULL,
	`role` text NOT NULL,
	`disabled_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_username` ON `users` (`username`);