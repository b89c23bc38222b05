CREATE TABLE `activities` (
	`id` varchar(64) NOT NULL,
	`channel_id` varchar(64),
	`target` varchar(200) NOT NULL,
	`agent_id` varchar(64) NOT NULL,
	`kind` varchar(64) NOT NULL,
	`summary` longtext NOT NULL,
	`detail` longtext NOT NULL,
	`run_id` varchar(64),
	`step_id` varchar(64),
	`created_at` bigint NOT NULL,
	CONSTRAINT `activities_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `agents` (
	`id` varchar(64) NOT NULL,
	`name` varchar(64) NOT NULL,
	`display_name` varchar(255) NOT NULL,
	`description` longtext NOT NULL,
	`computer_id` varchar(64) NOT NULL,
	`runtime_kind` varchar(64) NOT NULL,
	`model` varchar(255) NOT NULL,
	`workspace` longtext NOT NULL,
	`instructions` longtext NOT NULL,
	`approvals` longtext NOT NULL,
	`limits` longtext NOT NULL,
	`confinement` longtext,
	`command` longtext NOT NULL,
	`env` longtext NOT NULL,
	`enabled` boolean NOT NULL,
	`status` longtext NOT NULL,
	`created_by` varchar(64) NOT NULL,
	`deleted_at` bigint,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `agents_id` PRIMARY KEY(`id`),
	CONSTRAINT `agents_name` UNIQUE(`name`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `approvals` (
	`id` varchar(64) NOT NULL,
	`run_id` varchar(64) NOT NULL,
	`step_id` varchar(64) NOT NULL,
	`agent_id` varchar(64) NOT NULL,
	`computer_id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`target` varchar(200) NOT NULL,
	`thread_id` varchar(64),
	`request_id` varchar(255) NOT NULL,
	`name` varchar(255) NOT NULL,
	`kind` varchar(16) NOT NULL,
	`title` longtext NOT NULL,
	`input` longtext,
	`can_remember` boolean NOT NULL,
	`state` varchar(16) NOT NULL,
	`decided_by` longtext,
	`decided_at` bigint,
	`created_at` bigint NOT NULL,
	CONSTRAINT `approvals_id` PRIMARY KEY(`id`),
	CONSTRAINT `approvals_step` UNIQUE(`step_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `archive_events` (
	`run_id` varchar(128) NOT NULL,
	`position` bigint NOT NULL,
	`phase` varchar(16) NOT NULL,
	`at_ns` varchar(24) NOT NULL,
	`summary` longtext NOT NULL,
	`payload` longtext NOT NULL,
	`exit_code` bigint NOT NULL,
	`error` longtext NOT NULL,
	`size` bigint NOT NULL,
	CONSTRAINT `archive_events_run_id_position_pk` PRIMARY KEY(`run_id`,`position`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `archives` (
	`run_id` varchar(128) NOT NULL,
	`agent_id` varchar(64) NOT NULL,
	`computer_id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`started_at` bigint NOT NULL,
	`ended_at` bigint,
	`exit_code` bigint NOT NULL,
	`summary` longtext NOT NULL,
	`error` longtext NOT NULL,
	`event_count` bigint NOT NULL,
	`size` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `archives_run_id` PRIMARY KEY(`run_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `attachments` (
	`id` varchar(64) NOT NULL,
	`channel_id` varchar(64),
	`target` varchar(200),
	`owner` longtext NOT NULL,
	`owner_id` varchar(64) NOT NULL,
	`filename` varchar(255) NOT NULL,
	`mime_type` varchar(160) NOT NULL,
	`media` varchar(8) NOT NULL,
	`size_bytes` bigint NOT NULL,
	`blob_hash` varchar(64) NOT NULL,
	`width` bigint,
	`height` bigint,
	`encoding` varchar(32),
	`text` longtext,
	`text_cut` boolean NOT NULL,
	`message_id` varchar(64),
	`artifact` boolean NOT NULL,
	`title` varchar(200) NOT NULL,
	`thread_id` varchar(64),
	`run_id` varchar(64),
	`expires_at` bigint,
	`created_at` bigint NOT NULL,
	CONSTRAINT `attachments_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `audit` (
	`id` varchar(64) NOT NULL,
	`actor` longtext NOT NULL,
	`actor_id` varchar(64) NOT NULL,
	`action` varchar(64) NOT NULL,
	`subject` varchar(200) NOT NULL,
	`detail` longtext NOT NULL,
	`address` varchar(64) NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `audit_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `blobs` (
	`hash` varchar(64) NOT NULL,
	`size_bytes` bigint NOT NULL,
	`refs` bigint NOT NULL,
	`touched_at` bigint NOT NULL,
	`doomed_at` bigint,
	CONSTRAINT `blobs_hash` PRIMARY KEY(`hash`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `channels` (
	`id` varchar(64) NOT NULL,
	`target` varchar(200) NOT NULL,
	`kind` varchar(16) NOT NULL,
	`name` varchar(200) NOT NULL,
	`topic` longtext NOT NULL,
	`visibility` varchar(16) NOT NULL,
	`language` varchar(8) NOT NULL,
	`created_by` varchar(64) NOT NULL,
	`archived_at` bigint,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `channels_id` PRIMARY KEY(`id`),
	CONSTRAINT `channels_target` UNIQUE(`target`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `computers` (
	`id` varchar(64) NOT NULL,
	`daemon_id` varchar(255) NOT NULL,
	`display_name` varchar(255) NOT NULL,
	`hostname` varchar(255) NOT NULL,
	`os` varchar(32) NOT NULL,
	`arch` varchar(32) NOT NULL,
	`version` varchar(64) NOT NULL,
	`local` boolean NOT NULL,
	`runtimes` longtext NOT NULL,
	`inventory_version` varchar(255) NOT NULL,
	`resources` longtext,
	`lease_id` varchar(64),
	`last_seen_at` bigint,
	`announced` varchar(16) NOT NULL,
	`acked_sequence` bigint NOT NULL,
	`removed_at` bigint,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `computers_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `coordination` (
	`id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`thread_id` varchar(64) NOT NULL,
	`task_id` varchar(64) NOT NULL,
	`kind` varchar(32) NOT NULL,
	`subject_id` varchar(64) NOT NULL,
	`current` boolean NOT NULL,
	`actor` longtext NOT NULL,
	`actor_id` varchar(64) NOT NULL,
	`payload` longtext NOT NULL,
	`expires_at` bigint,
	`created_at` bigint NOT NULL,
	CONSTRAINT `coordination_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `credentials` (
	`id` varchar(64) NOT NULL,
	`kind` varchar(16) NOT NULL,
	`owner_id` varchar(64) NOT NULL,
	`token_hash` varchar(64) NOT NULL,
	`prefix` varchar(16) NOT NULL,
	`name` varchar(255) NOT NULL,
	`scopes` longtext NOT NULL,
	`csrf` varchar(64) NOT NULL,
	`user_agent` varchar(255) NOT NULL,
	`address` varchar(64) NOT NULL,
	`created_at` bigint NOT NULL,
	`last_used_at` bigint,
	`expires_at` bigint,
	CONSTRAINT `credentials_id` PRIMARY KEY(`id`),
	CONSTRAINT `credentials_token` UNIQUE(`token_hash`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `debates` (
	`id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`thread_id` varchar(64) NOT NULL,
	`topic` longtext NOT NULL,
	`agents` longtext NOT NULL,
	`turns` bigint NOT NULL,
	`turn` bigint NOT NULL,
	`state` varchar(16) NOT NULL,
	`delivery_id` varchar(64),
	`answers` longtext NOT NULL,
	`reason` longtext NOT NULL,
	`summary_message_id` varchar(64),
	`creator_id` varchar(64) NOT NULL,
	`created_by` longtext NOT NULL,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	`ended_at` bigint,
	CONSTRAINT `debates_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `decision_votes` (
	`decision_id` varchar(64) NOT NULL,
	`voter_id` varchar(64) NOT NULL,
	`voter` longtext NOT NULL,
	`vote` varchar(16) NOT NULL,
	`reason` longtext NOT NULL,
	`voted_at` bigint NOT NULL,
	CONSTRAINT `decision_votes_decision_id_voter_id_pk` PRIMARY KEY(`decision_id`,`voter_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `decisions` (
	`id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`chain_id` varchar(64) NOT NULL,
	`message_id` varchar(64) NOT NULL,
	`source_message_id` varchar(64),
	`title` varchar(200) NOT NULL,
	`body` longtext NOT NULL,
	`status` varchar(16) NOT NULL,
	`proposer` longtext NOT NULL,
	`quorum` bigint NOT NULL,
	`approve_count` bigint NOT NULL,
	`reject_count` bigint NOT NULL,
	`abstain_count` bigint NOT NULL,
	`supersedes_id` varchar(64),
	`superseded_by_id` varchar(64),
	`forced` boolean NOT NULL,
	`closed_by` longtext,
	`close_reason` longtext NOT NULL,
	`version` bigint NOT NULL,
	`expires_at` bigint,
	`ratified_at` bigint,
	`closed_at` bigint,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `decisions_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `deliveries` (
	`id` varchar(64) NOT NULL,
	`message_id` varchar(64) NOT NULL,
	`agent_id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`target` varchar(200) NOT NULL,
	`thread_id` varchar(64),
	`cause` varchar(16) NOT NULL,
	`state` varchar(16) NOT NULL,
	`waiting` varchar(32),
	`failure` longtext,
	`run_id` varchar(64),
	`answer_message_id` varchar(64),
	`since_message_id` varchar(64),
	`hops` bigint NOT NULL,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `deliveries_id` PRIMARY KEY(`id`),
	CONSTRAINT `deliveries_once` UNIQUE(`message_id`,`agent_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `drafts` (
	`user_id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`thread_id` varchar(64) NOT NULL,
	`content` longtext NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `drafts_user_id_channel_id_thread_id_pk` PRIMARY KEY(`user_id`,`channel_id`,`thread_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `enrollments` (
	`id` varchar(64) NOT NULL,
	`computer_id` varchar(64) NOT NULL,
	`display_name` varchar(255) NOT NULL,
	`code_hash` varchar(64) NOT NULL,
	`status` varchar(16) NOT NULL,
	`created_by` varchar(64) NOT NULL,
	`expires_at` bigint NOT NULL,
	`connected_at` bigint,
	`created_at` bigint NOT NULL,
	CONSTRAINT `enrollments_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `events` (
	`sequence` bigint NOT NULL,
	`id` varchar(64) NOT NULL,
	`kind` varchar(32) NOT NULL,
	`operation` varchar(16) NOT NULL,
	`aggregate_id` varchar(64) NOT NULL,
	`audience` varchar(80) NOT NULL,
	`target` varchar(200),
	`actor` longtext NOT NULL,
	`payload` longtext NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `events_sequence` PRIMARY KEY(`sequence`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `external_messages` (
	`endpoint_id` varchar(64) NOT NULL,
	`external_id` varchar(255) NOT NULL,
	`message_id` varchar(64) NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `external_messages_endpoint_id_external_id_pk` PRIMARY KEY(`endpoint_id`,`external_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `idempotency` (
	`principal` varchar(80) NOT NULL,
	`method` varchar(80) NOT NULL,
	`key` varchar(128) NOT NULL,
	`request_hash` varchar(64) NOT NULL,
	`response` longtext NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `idempotency_principal_method_key_pk` PRIMARY KEY(`principal`,`method`,`key`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `identities` (
	`id` varchar(64) NOT NULL,
	`key` varchar(64) NOT NULL,
	`issuer` longtext NOT NULL,
	`subject` longtext NOT NULL,
	`user_id` varchar(64) NOT NULL,
	`email` varchar(255) NOT NULL,
	`created_at` bigint NOT NULL,
	`last_login_at` bigint NOT NULL,
	CONSTRAINT `identities_id` PRIMARY KEY(`id`),
	CONSTRAINT `identities_key` UNIQUE(`key`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `inbox` (
	`id` varchar(64) NOT NULL,
	`user_id` varchar(64) NOT NULL,
	`kind` varchar(16) NOT NULL,
	`reason` varchar(16) NOT NULL,
	`subject_id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`thread_id` varchar(64) NOT NULL,
	`message_id` varchar(64) NOT NULL,
	`state` bigint NOT NULL,
	`unread` bigint NOT NULL,
	`at` bigint NOT NULL,
	CONSTRAINT `inbox_id` PRIMARY KEY(`id`),
	CONSTRAINT `inbox_one` UNIQUE(`user_id`,`kind`,`subject_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `interaction_endpoints` (
	`id` varchar(64) NOT NULL,
	`kind` varchar(16) NOT NULL,
	`provider` varchar(32) NOT NULL,
	`display_name` varchar(255) NOT NULL,
	`target_prefix` varchar(16) NOT NULL,
	`channel_id` varchar(64),
	`inbound_enabled` boolean NOT NULL,
	`outbound_enabled` boolean NOT NULL,
	`auth_mode` varchar(32) NOT NULL,
	`config` longtext NOT NULL,
	`secrets` longtext NOT NULL,
	`created_by` varchar(64) NOT NULL,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `interaction_endpoints_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `members` (
	`channel_id` varchar(64) NOT NULL,
	`kind` varchar(16) NOT NULL,
	`member_id` varchar(64) NOT NULL,
	`role` varchar(16) NOT NULL,
	`delivery_mode` varchar(16) NOT NULL,
	`digest_minutes` bigint,
	`digest_at` bigint,
	`digested_id` varchar(64),
	`last_read_message_id` varchar(64),
	`notify` varchar(16),
	`joined_at` bigint NOT NULL,
	CONSTRAINT `members_channel_id_kind_member_id_pk` PRIMARY KEY(`channel_id`,`kind`,`member_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `memories` (
	`id` varchar(64) NOT NULL,
	`agent_id` varchar(64) NOT NULL,
	`scope` varchar(16) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`path` varchar(200) NOT NULL,
	`title` varchar(200) NOT NULL,
	`content` longtext NOT NULL,
	`format` varchar(16) NOT NULL,
	`tags` longtext NOT NULL,
	`source_message_ids` longtext NOT NULL,
	`checksum` varchar(64) NOT NULL,
	`local_only` boolean NOT NULL,
	`size_bytes` bigint NOT NULL,
	`version` bigint NOT NULL,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `memories_id` PRIMARY KEY(`id`),
	CONSTRAINT `memories_path` UNIQUE(`agent_id`,`scope`,`channel_id`,`path`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `mentions` (
	`message_id` varchar(64) NOT NULL,
	`kind` varchar(16) NOT NULL,
	`member_id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	CONSTRAINT `mentions_kind_member_id_channel_id_message_id_pk` PRIMARY KEY(`kind`,`member_id`,`channel_id`,`message_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `message_edits` (
	`message_id` varchar(64) NOT NULL,
	`version` bigint NOT NULL,
	`content` longtext NOT NULL,
	`written_at` bigint NOT NULL,
	`replaced_at` bigint NOT NULL,
	CONSTRAINT `message_edits_message_id_version_pk` PRIMARY KEY(`message_id`,`version`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `messages` (
	`id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`target` varchar(200) NOT NULL,
	`thread_id` varchar(64) NOT NULL,
	`kind` varchar(16) NOT NULL,
	`sender_kind` varchar(16) NOT NULL,
	`sender_id` varchar(64) NOT NULL,
	`sender_name` varchar(64) NOT NULL,
	`sender_display_name` varchar(255) NOT NULL,
	`content` longtext NOT NULL,
	`mentions` longtext NOT NULL,
	`system` longtext,
	`run_id` varchar(64),
	`request_id` varchar(128),
	`reply_count` bigint NOT NULL,
	`last_reply_at` bigint,
	`reactions` longtext NOT NULL,
	`attachments` longtext NOT NULL,
	`pinned` longtext,
	`metadata` longtext,
	`edited_at` bigint,
	`deleted_at` bigint,
	`created_at` bigint NOT NULL,
	CONSTRAINT `messages_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `notification_routes` (
	`id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`thread_id` varchar(64) NOT NULL,
	`endpoint_id` varchar(64) NOT NULL,
	`event_kind` varchar(16) NOT NULL,
	`preference` varchar(16) NOT NULL,
	`enabled` boolean NOT NULL,
	`created_by` varchar(64) NOT NULL,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `notification_routes_id` PRIMARY KEY(`id`),
	CONSTRAINT `notification_routes_one` UNIQUE(`channel_id`,`endpoint_id`,`event_kind`,`thread_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `operations` (
	`id` varchar(64) NOT NULL,
	`computer_id` varchar(64) NOT NULL,
	`agent_id` varchar(64),
	`action` varchar(64) NOT NULL,
	`reason` longtext NOT NULL,
	`state` varchar(16) NOT NULL,
	`detail` longtext NOT NULL,
	`requested_by` varchar(64) NOT NULL,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `operations_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `outbound_deliveries` (
	`id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`target` varchar(200) NOT NULL,
	`message_id` varchar(64) NOT NULL,
	`endpoint_id` varchar(64) NOT NULL,
	`endpoint_kind` varchar(16) NOT NULL,
	`event_kind` varchar(16) NOT NULL,
	`route_id` varchar(64),
	`reply_to` varchar(255),
	`external_message_id` varchar(255) NOT NULL,
	`status` varchar(16) NOT NULL,
	`attempt_count` bigint NOT NULL,
	`next_attempt_at` bigint,
	`lease_id` varchar(64),
	`lease_until` bigint,
	`delivered_at` bigint,
	`last_error` varchar(500) NOT NULL,
	`request_id` varchar(128) NOT NULL,
	`payload` longtext NOT NULL,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `outbound_deliveries_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `permits` (
	`id` varchar(64) NOT NULL,
	`computer_id` varchar(64) NOT NULL,
	`agent_id` varchar(64) NOT NULL,
	`expires_at` bigint NOT NULL,
	CONSTRAINT `permits_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `pins` (
	`channel_id` varchar(64) NOT NULL,
	`message_id` varchar(64) NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `pins_channel_id_message_id_pk` PRIMARY KEY(`channel_id`,`message_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `prompt_messages` (
	`message_id` varchar(64) NOT NULL,
	`run_id` varchar(64) NOT NULL,
	CONSTRAINT `prompt_messages_message_id_run_id_pk` PRIMARY KEY(`message_id`,`run_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `prompts` (
	`run_id` varchar(64) NOT NULL,
	`id` varchar(64) NOT NULL,
	`content` longtext NOT NULL,
	`content_hash` varchar(64) NOT NULL,
	`sections` longtext NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `prompts_run_id` PRIMARY KEY(`run_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `push_subscriptions` (
	`session_id` varchar(64) NOT NULL,
	`user_id` varchar(64) NOT NULL,
	`address` longtext NOT NULL,
	`locale` varchar(16) NOT NULL,
	`settings` longtext NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `push_subscriptions_session_id` PRIMARY KEY(`session_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `release_gates` (
	`id` varchar(64) NOT NULL,
	`task_id` varchar(64) NOT NULL,
	`name` varchar(200) NOT NULL,
	`required_checks` longtext NOT NULL,
	`waiver` longtext,
	`release` longtext,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `release_gates_id` PRIMARY KEY(`id`),
	CONSTRAINT `release_gates_task` UNIQUE(`task_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `reminder_events` (
	`id` varchar(64) NOT NULL,
	`reminder_id` varchar(64) NOT NULL,
	`type` varchar(16) NOT NULL,
	`actor` longtext NOT NULL,
	`at` bigint NOT NULL,
	`scheduled_at` bigint,
	`next_run_at` bigint,
	`message_id` varchar(64),
	`detail` longtext NOT NULL,
	CONSTRAINT `reminder_events_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `reminders` (
	`id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`thread_id` varchar(64),
	`message_id` varchar(64),
	`title` varchar(200) NOT NULL,
	`prompt` longtext NOT NULL,
	`status` varchar(16) NOT NULL,
	`schedule_kind` varchar(16) NOT NULL,
	`schedule` varchar(500) NOT NULL,
	`rule_kind` varchar(16) NOT NULL,
	`rule` varchar(500) NOT NULL,
	`anchor_at` bigint NOT NULL,
	`timezone` varchar(64) NOT NULL,
	`missed` varchar(8) NOT NULL,
	`for_kind` varchar(16),
	`for_id` varchar(64),
	`creator_id` varchar(64) NOT NULL,
	`created_by` longtext NOT NULL,
	`hops` bigint NOT NULL,
	`cancel_token` varchar(64) NOT NULL,
	`next_run_at` bigint,
	`last_run_at` bigint,
	`run_count` bigint NOT NULL,
	`max_runs` bigint,
	`last_error` longtext NOT NULL,
	`version` bigint NOT NULL,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `reminders_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `resource_subscriptions` (
	`id` varchar(64) NOT NULL,
	`agent_id` varchar(64) NOT NULL,
	`uri` varchar(500) NOT NULL,
	`kind` varchar(16) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`subject_id` varchar(64) NOT NULL,
	`runtime_id` varchar(128) NOT NULL,
	`endpoint_id` varchar(128) NOT NULL,
	`from_sequence` bigint NOT NULL,
	`canceled` boolean NOT NULL,
	`created_at` bigint NOT NULL,
	`expires_at` bigint NOT NULL,
	CONSTRAINT `resource_subscriptions_id` PRIMARY KEY(`id`),
	CONSTRAINT `resource_subscriptions_uri` UNIQUE(`agent_id`,`uri`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `run_steps` (
	`id` varchar(64) NOT NULL,
	`run_id` varchar(64) NOT NULL,
	`sequence` bigint NOT NULL,
	`status` varchar(16) NOT NULL,
	`detail` longtext NOT NULL,
	`size` bigint NOT NULL,
	`started_at` bigint NOT NULL,
	`completed_at` bigint,
	CONSTRAINT `run_steps_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `run_usage` (
	`run_id` varchar(64) NOT NULL,
	`at` bigint NOT NULL,
	`agent_id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`model` varchar(280) NOT NULL,
	`asked_by` varchar(64) NOT NULL,
	`input` bigint NOT NULL,
	`cache_read` bigint NOT NULL,
	`cache_write` bigint NOT NULL,
	`output` bigint NOT NULL,
	`reasoning` bigint NOT NULL,
	`cost_usd` double NOT NULL,
	`duration_ms` bigint NOT NULL,
	`failed` bigint NOT NULL,
	CONSTRAINT `run_usage_run_id` PRIMARY KEY(`run_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `runs` (
	`id` varchar(64) NOT NULL,
	`delivery_id` varchar(64),
	`agent_id` varchar(64) NOT NULL,
	`computer_id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`target` varchar(200) NOT NULL,
	`thread_id` varchar(64),
	`input_message_id` varchar(64),
	`result_message_id` varchar(64),
	`joined_run_id` varchar(64),
	`state` varchar(24) NOT NULL,
	`attempt` bigint NOT NULL,
	`max_attempts` bigint NOT NULL,
	`lease_id` varchar(64),
	`lease_expires_at` bigint,
	`past_leases` longtext NOT NULL,
	`failure` longtext,
	`summary` longtext NOT NULL,
	`usage` longtext,
	`cost_usd` double,
	`started_at` bigint,
	`completed_at` bigint,
	`detail_removed_at` bigint,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `runs_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `saved_messages` (
	`id` varchar(64) NOT NULL,
	`kind` varchar(16) NOT NULL,
	`member_id` varchar(64) NOT NULL,
	`message_id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `saved_messages_id` PRIMARY KEY(`id`),
	CONSTRAINT `saved_messages_one` UNIQUE(`kind`,`member_id`,`message_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `search_docs` (
	`id` bigint NOT NULL,
	`kind` varchar(16) NOT NULL,
	`ref_id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`thread_id` varchar(64) NOT NULL,
	`sender_id` varchar(64) NOT NULL,
	`created_at` bigint NOT NULL,
	`terms` longtext NOT NULL,
	CONSTRAINT `search_docs_id` PRIMARY KEY(`id`),
	CONSTRAINT `search_docs_ref` UNIQUE(`kind`,`ref_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `second_factors` (
	`user_id` varchar(64) NOT NULL,
	`secret` longtext NOT NULL,
	`enabled_at` bigint,
	`last_step` bigint NOT NULL,
	`recovery` longtext NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `second_factors_user_id` PRIMARY KEY(`user_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `settings` (
	`name` varchar(100) NOT NULL,
	`value` longtext NOT NULL,
	CONSTRAINT `settings_name` PRIMARY KEY(`name`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `step_pieces` (
	`step_id` varchar(64) NOT NULL,
	`position` bigint NOT NULL,
	`text` longtext NOT NULL,
	CONSTRAINT `step_pieces_step_id_position_pk` PRIMARY KEY(`step_id`,`position`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `storage_usage` (
	`owner_id` varchar(64) NOT NULL,
	`bytes` bigint NOT NULL,
	`files` bigint NOT NULL,
	CONSTRAINT `storage_usage_owner_id` PRIMARY KEY(`owner_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `task_changes` (
	`id` varchar(64) NOT NULL,
	`task_id` varchar(64) NOT NULL,
	`version` bigint NOT NULL,
	`action` varchar(16) NOT NULL,
	`actor` longtext NOT NULL,
	`fields` longtext NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `task_changes_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `task_claims` (
	`id` varchar(64) NOT NULL,
	`task_id` varchar(64) NOT NULL,
	`attempt` bigint NOT NULL,
	`holder` longtext NOT NULL,
	`holder_id` varchar(64) NOT NULL,
	`mode` varchar(16) NOT NULL,
	`state` varchar(16) NOT NULL,
	`lease_id` varchar(64) NOT NULL,
	`lease_seconds` bigint NOT NULL,
	`expires_at` bigint,
	`run_id` varchar(64),
	`assigned` boolean NOT NULL,
	`error` longtext NOT NULL,
	`claimed_at` bigint NOT NULL,
	`ended_at` bigint,
	CONSTRAINT `task_claims_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `task_edges` (
	`from_id` varchar(64) NOT NULL,
	`to_id` varchar(64) NOT NULL,
	`kind` varchar(16) NOT NULL,
	CONSTRAINT `task_edges_from_id_to_id_kind_pk` PRIMARY KEY(`from_id`,`to_id`,`kind`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `task_evidence` (
	`id` varchar(64) NOT NULL,
	`task_id` varchar(64) NOT NULL,
	`run_id` varchar(64),
	`actor` longtext NOT NULL,
	`summary` longtext NOT NULL,
	`checks` longtext NOT NULL,
	`commit_ids` longtext NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `task_evidence_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `task_labels` (
	`label` varchar(50) NOT NULL,
	`task_id` varchar(64) NOT NULL,
	CONSTRAINT `task_labels_label_task_id_pk` PRIMARY KEY(`label`,`task_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `task_reviews` (
	`task_id` varchar(64) NOT NULL,
	`reviewer_id` varchar(64) NOT NULL,
	`reviewer` longtext NOT NULL,
	`verdict` varchar(24) NOT NULL,
	`comment` longtext NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `task_reviews_task_id_reviewer_id_pk` PRIMARY KEY(`task_id`,`reviewer_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `task_splits` (
	`id` varchar(64) NOT NULL,
	`parent_id` varchar(64) NOT NULL,
	`parent_version` bigint NOT NULL,
	`proposed_by` longtext NOT NULL,
	`parts` longtext NOT NULL,
	`state` varchar(16) NOT NULL,
	`decided_by` longtext,
	`expires_at` bigint NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `task_splits_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `task_views` (
	`id` varchar(64) NOT NULL,
	`owner_id` varchar(64) NOT NULL,
	`created_by` longtext NOT NULL,
	`name` varchar(80) NOT NULL,
	`shared` boolean NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`query` longtext NOT NULL,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `task_views_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `tasks` (
	`id` varchar(64) NOT NULL,
	`number` bigint NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`target` varchar(200) NOT NULL,
	`summary` varchar(300) NOT NULL,
	`description` longtext NOT NULL,
	`state` varchar(16) NOT NULL,
	`column_name` varchar(64) NOT NULL,
	`own_column` boolean NOT NULL,
	`priority` varchar(16) NOT NULL,
	`labels` longtext NOT NULL,
	`due_at` bigint,
	`assignee_id` varchar(64),
	`reviewer_ids` longtext NOT NULL,
	`created_by` longtext NOT NULL,
	`created_by_id` varchar(64) NOT NULL,
	`source` varchar(16) NOT NULL,
	`blocked_reason` longtext NOT NULL,
	`parent_id` varchar(64),
	`root_id` varchar(64) NOT NULL,
	`graph_version` bigint NOT NULL,
	`claim_policy` varchar(16) NOT NULL,
	`claim_conflict` varchar(24) NOT NULL,
	`required_capabilities` longtext NOT NULL,
	`assigned_target` varchar(200) NOT NULL,
	`thread_id` varchar(64),
	`delivery_id` varchar(64),
	`split_id` varchar(64),
	`attempts` bigint NOT NULL,
	`failures` bigint NOT NULL,
	`released_at` bigint,
	`version` bigint NOT NULL,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	`closed_at` bigint,
	CONSTRAINT `tasks_id` PRIMARY KEY(`id`),
	CONSTRAINT `tasks_number` UNIQUE(`number`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `thread_follows` (
	`thread_id` varchar(64) NOT NULL,
	`kind` varchar(16) NOT NULL,
	`member_id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`state` varchar(8) NOT NULL,
	CONSTRAINT `thread_follows_thread_id_kind_member_id_pk` PRIMARY KEY(`thread_id`,`kind`,`member_id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `threads` (
	`id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`last_message_id` varchar(64) NOT NULL,
	CONSTRAINT `threads_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `thumbnails` (
	`hash` varchar(64) NOT NULL,
	`image` longblob NOT NULL,
	`width` bigint NOT NULL,
	`height` bigint NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `thumbnails_hash` PRIMARY KEY(`hash`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `tickets` (
	`id` varchar(64) NOT NULL,
	`kind` varchar(16) NOT NULL,
	`code_hash` varchar(64) NOT NULL,
	`role` varchar(16),
	`channels` longtext NOT NULL,
	`note` varchar(255) NOT NULL,
	`user_id` varchar(64),
	`created_by` varchar(64) NOT NULL,
	`created_at` bigint NOT NULL,
	`expires_at` bigint NOT NULL,
	`used_at` bigint,
	`used_by` varchar(64),
	CONSTRAINT `tickets_id` PRIMARY KEY(`id`),
	CONSTRAINT `tickets_code` UNIQUE(`code_hash`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `topics` (
	`thread_id` varchar(64) NOT NULL,
	`channel_id` varchar(64) NOT NULL,
	`number` bigint NOT NULL,
	`title` varchar(200) NOT NULL,
	`creator_id` varchar(64) NOT NULL,
	`created_by` longtext NOT NULL,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	`closed_at` bigint,
	CONSTRAINT `topics_thread_id` PRIMARY KEY(`thread_id`),
	CONSTRAINT `topics_number` UNIQUE(`channel_id`,`number`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `tunnels` (
	`id` varchar(64) NOT NULL,
	`token` varchar(64) NOT NULL,
	`computer_id` varchar(64) NOT NULL,
	`agent_id` varchar(64),
	`run_id` varchar(64),
	`channel_id` varchar(64),
	`target` varchar(200),
	`thread_id` varchar(64),
	`local_port` bigint NOT NULL,
	`label` varchar(200) NOT NULL,
	`state` varchar(20) NOT NULL,
	`access_policy` varchar(16) NOT NULL,
	`creator` longtext NOT NULL,
	`creator_id` varchar(64) NOT NULL,
	`ttl_seconds` bigint NOT NULL,
	`approved_by` longtext,
	`approved_at` bigint,
	`expires_at` bigint NOT NULL,
	`closed_at` bigint,
	`close_reason` varchar(500) NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `tunnels_id` PRIMARY KEY(`id`),
	CONSTRAINT `tunnels_token` UNIQUE(`token`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `uploads` (
	`id` varchar(64) NOT NULL,
	`owner` longtext NOT NULL,
	`owner_id` varchar(64) NOT NULL,
	`channel_id` varchar(64),
	`target` varchar(200),
	`filename` varchar(255) NOT NULL,
	`mime_type` varchar(160) NOT NULL,
	`size_bytes` bigint,
	`sha256` varchar(64),
	`artifact` boolean NOT NULL,
	`title` varchar(200) NOT NULL,
	`ttl_seconds` bigint,
	`attachment_id` varchar(64),
	`expires_at` bigint NOT NULL,
	`created_at` bigint NOT NULL,
	CONSTRAINT `uploads_id` PRIMARY KEY(`id`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE TABLE `users` (
	`id` varchar(64) NOT NULL,
	`username` varchar(64) NOT NULL,
	`display_name` varchar(255) NOT NULL,
	`password_hash` varchar(255) NOT NULL,
	`role` varchar(16) NOT NULL,
	`disabled_at` bigint,
	`created_at` bigint NOT NULL,
	`updated_at` bigint NOT NULL,
	CONSTRAINT `users_id` PRIMARY KEY(`id`),
	CONSTRAINT `users_username` UNIQUE(`username`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
--> statement-breakpoint
CREATE INDEX `activities_channel` ON `activities` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `activities_agent` ON `activities` (`agent_id`,`id`);--> statement-breakpoint
CREATE INDEX `agents_computer` ON `agents` (`computer_id`);--> statement-breakpoint
CREATE INDEX `approvals_state` ON `approvals` (`state`,`id`);--> statement-breakpoint
CREATE INDEX `approvals_run` ON `approvals` (`run_id`);--> statement-breakpoint
CREATE INDEX `archives_agent` ON `archives` (`agent_id`,`started_at`);--> statement-breakpoint
CREATE INDEX `archives_computer` ON `archives` (`computer_id`,`started_at`);--> statement-breakpoint
CREATE INDEX `archives_channel` ON `archives` (`channel_id`,`started_at`,`run_id`);--> statement-breakpoint
CREATE INDEX `archives_started` ON `archives` (`started_at`,`run_id`);--> statement-breakpoint
CREATE INDEX `archives_updated` ON `archives` (`updated_at`);--> statement-breakpoint
CREATE INDEX `attachments_channel` ON `attachments` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `attachments_artifacts` ON `attachments` (`artifact`,`id`);--> statement-breakpoint
CREATE INDEX `attachments_run` ON `attachments` (`run_id`);--> statement-breakpoint
CREATE INDEX `attachments_owner` ON `attachments` (`owner_id`,`artifact`,`id`);--> statement-breakpoint
CREATE INDEX `attachments_message` ON `attachments` (`message_id`);--> statement-breakpoint
CREATE INDEX `attachments_expires` ON `attachments` (`expires_at`);--> statement-breakpoint
CREATE INDEX `attachments_blob` ON `attachments` (`blob_hash`);--> statement-breakpoint
CREATE INDEX `audit_created` ON `audit` (`created_at`);--> statement-breakpoint
CREATE INDEX `audit_actor` ON `audit` (`actor_id`,`id`);--> statement-breakpoint
CREATE INDEX `audit_action` ON `audit` (`action`,`id`);--> statement-breakpoint
CREATE INDEX `audit_subject` ON `audit` (`subject`,`id`);--> statement-breakpoint
CREATE INDEX `blobs_unused` ON `blobs` (`refs`,`touched_at`);--> statement-breakpoint
CREATE INDEX `computers_seen` ON `computers` (`last_seen_at`);--> statement-breakpoint
CREATE INDEX `coordination_channel` ON `coordination` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `coordination_kind` ON `coordination` (`channel_id`,`kind`,`id`);--> statement-breakpoint
CREATE INDEX `coordination_task` ON `coordination` (`task_id`,`id`);--> statement-breakpoint
CREATE INDEX `coordination_subject` ON `coordination` (`subject_id`,`id`);--> statement-breakpoint
CREATE INDEX `coordination_expiry` ON `coordination` (`expires_at`);--> statement-breakpoint
CREATE INDEX `credentials_owner` ON `credentials` (`kind`,`owner_id`);--> statement-breakpoint
CREATE INDEX `debates_channel` ON `debates` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `debates_state` ON `debates` (`channel_id`,`state`);--> statement-breakpoint
CREATE INDEX `debates_delivery` ON `debates` (`delivery_id`);--> statement-breakpoint
CREATE INDEX `decision_votes_page` ON `decision_votes` (`decision_id`,`voted_at`,`voter_id`);--> statement-breakpoint
CREATE INDEX `decisions_channel` ON `decisions` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `decisions_status` ON `decisions` (`channel_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `decisions_chain` ON `decisions` (`chain_id`,`id`);--> statement-breakpoint
CREATE INDEX `decisions_supersedes` ON `decisions` (`supersedes_id`,`status`);--> statement-breakpoint
CREATE INDEX `decisions_source` ON `decisions` (`source_message_id`);--> statement-breakpoint
CREATE INDEX `decisions_expiry` ON `decisions` (`status`,`expires_at`);--> statement-breakpoint
CREATE INDEX `deliveries_agent` ON `deliveries` (`agent_id`,`state`);--> statement-breakpoint
CREATE INDEX `deliveries_of` ON `deliveries` (`agent_id`,`id`);--> statement-breakpoint
CREATE INDEX `deliveries_channel` ON `deliveries` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `deliveries_state` ON `deliveries` (`state`,`id`);--> statement-breakpoint
CREATE INDEX `deliveries_thread` ON `deliveries` (`channel_id`,`thread_id`,`agent_id`);--> statement-breakpoint
CREATE INDEX `enrollments_computer` ON `enrollments` (`computer_id`);--> statement-breakpoint
CREATE INDEX `events_audience` ON `events` (`audience`,`sequence`);--> statement-breakpoint
CREATE INDEX `events_kind` ON `events` (`kind`,`operation`,`created_at`);--> statement-breakpoint
CREATE INDEX `events_aggregate` ON `events` (`aggregate_id`);--> statement-breakpoint
CREATE INDEX `external_messages_message` ON `external_messages` (`message_id`);--> statement-breakpoint
CREATE INDEX `idempotency_created` ON `idempotency` (`created_at`);--> statement-breakpoint
CREATE INDEX `identities_user` ON `identities` (`user_id`);--> statement-breakpoint
CREATE INDEX `inbox_page` ON `inbox` (`user_id`,`state`,`at`,`id`);--> statement-breakpoint
CREATE INDEX `inbox_subject` ON `inbox` (`kind`,`subject_id`);--> statement-breakpoint
CREATE INDEX `interaction_endpoints_channel` ON `interaction_endpoints` (`channel_id`);--> statement-breakpoint
CREATE INDEX `members_member` ON `members` (`kind`,`member_id`);--> statement-breakpoint
CREATE INDEX `members_digest` ON `members` (`digest_at`);--> statement-breakpoint
CREATE INDEX `memories_changed` ON `memories` (`agent_id`,`updated_at`,`id`);--> statement-breakpoint
CREATE INDEX `messages_page` ON `messages` (`channel_id`,`thread_id`,`id`,`sender_id`);--> statement-breakpoint
CREATE INDEX `messages_channel` ON `messages` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `messages_run` ON `messages` (`run_id`);--> statement-breakpoint
CREATE INDEX `notification_routes_endpoint` ON `notification_routes` (`endpoint_id`);--> statement-breakpoint
CREATE INDEX `operations_computer` ON `operations` (`computer_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `outbound_deliveries_due` ON `outbound_deliveries` (`endpoint_id`,`next_attempt_at`);--> statement-breakpoint
CREATE INDEX `outbound_deliveries_lease` ON `outbound_deliveries` (`endpoint_id`,`lease_until`);--> statement-breakpoint
CREATE INDEX `outbound_deliveries_leases` ON `outbound_deliveries` (`lease_until`);--> statement-breakpoint
CREATE INDEX `outbound_deliveries_page` ON `outbound_deliveries` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `outbound_deliveries_of` ON `outbound_deliveries` (`endpoint_id`,`id`);--> statement-breakpoint
CREATE INDEX `outbound_deliveries_message` ON `outbound_deliveries` (`message_id`);--> statement-breakpoint
CREATE INDEX `outbound_deliveries_done` ON `outbound_deliveries` (`status`,`updated_at`);--> statement-breakpoint
CREATE INDEX `permits_computer` ON `permits` (`computer_id`,`expires_at`);--> statement-breakpoint
CREATE INDEX `prompt_messages_run` ON `prompt_messages` (`run_id`);--> statement-breakpoint
CREATE INDEX `push_subscriptions_user` ON `push_subscriptions` (`user_id`);--> statement-breakpoint
CREATE INDEX `reminder_events_page` ON `reminder_events` (`reminder_id`,`id`);--> statement-breakpoint
CREATE INDEX `reminder_events_age` ON `reminder_events` (`at`);--> statement-breakpoint
CREATE INDEX `reminders_due` ON `reminders` (`next_run_at`);--> statement-breakpoint
CREATE INDEX `reminders_channel` ON `reminders` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `reminders_creator` ON `reminders` (`creator_id`,`status`);--> statement-breakpoint
CREATE INDEX `reminders_for` ON `reminders` (`for_id`,`id`);--> statement-breakpoint
CREATE INDEX `resource_subscriptions_expiry` ON `resource_subscriptions` (`expires_at`);--> statement-breakpoint
CREATE INDEX `run_steps_run` ON `run_steps` (`run_id`,`sequence`,`id`);--> statement-breakpoint
CREATE INDEX `run_usage_at` ON `run_usage` (`at`);--> statement-breakpoint
CREATE INDEX `run_usage_agent` ON `run_usage` (`agent_id`,`at`);--> statement-breakpoint
CREATE INDEX `run_usage_channel` ON `run_usage` (`channel_id`,`at`);--> statement-breakpoint
CREATE INDEX `runs_computer` ON `runs` (`computer_id`,`state`);--> statement-breakpoint
CREATE INDEX `runs_agent` ON `runs` (`agent_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `runs_of` ON `runs` (`agent_id`,`id`);--> statement-breakpoint
CREATE INDEX `runs_active` ON `runs` (`agent_id`,`state`);--> statement-breakpoint
CREATE INDEX `runs_channel` ON `runs` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `runs_lease` ON `runs` (`state`,`lease_expires_at`);--> statement-breakpoint
CREATE INDEX `runs_input` ON `runs` (`input_message_id`);--> statement-breakpoint
CREATE INDEX `runs_detail` ON `runs` (`detail_removed_at`,`completed_at`);--> statement-breakpoint
CREATE INDEX `saved_messages_page` ON `saved_messages` (`kind`,`member_id`,`id`);--> statement-breakpoint
CREATE INDEX `search_docs_created` ON `search_docs` (`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `task_changes_task` ON `task_changes` (`task_id`,`id`);--> statement-breakpoint
CREATE INDEX `task_claims_task` ON `task_claims` (`task_id`,`state`);--> statement-breakpoint
CREATE INDEX `task_claims_lease` ON `task_claims` (`state`,`expires_at`);--> statement-breakpoint
CREATE INDEX `task_claims_holder` ON `task_claims` (`holder_id`,`state`);--> statement-breakpoint
CREATE INDEX `task_claims_run` ON `task_claims` (`run_id`);--> statement-breakpoint
CREATE INDEX `task_edges_to` ON `task_edges` (`to_id`,`kind`);--> statement-breakpoint
CREATE INDEX `task_evidence_task` ON `task_evidence` (`task_id`,`id`);--> statement-breakpoint
CREATE INDEX `task_labels_task` ON `task_labels` (`task_id`);--> statement-breakpoint
CREATE INDEX `task_splits_parent` ON `task_splits` (`parent_id`,`id`);--> statement-breakpoint
CREATE INDEX `task_views_owner` ON `task_views` (`owner_id`);--> statement-breakpoint
CREATE INDEX `task_views_shared` ON `task_views` (`shared`);--> statement-breakpoint
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
CREATE INDEX `thread_follows_member` ON `thread_follows` (`kind`,`member_id`,`thread_id`);--> statement-breakpoint
CREATE INDEX `threads_channel` ON `threads` (`channel_id`,`last_message_id`);--> statement-breakpoint
CREATE INDEX `threads_last` ON `threads` (`last_message_id`);--> statement-breakpoint
CREATE INDEX `tickets_kind` ON `tickets` (`kind`,`id`);--> statement-breakpoint
CREATE INDEX `tickets_user` ON `tickets` (`user_id`);--> statement-breakpoint
CREATE INDEX `tickets_expires` ON `tickets` (`expires_at`);--> statement-breakpoint
CREATE INDEX `tunnels_computer` ON `tunnels` (`computer_id`,`id`);--> statement-breakpoint
CREATE INDEX `tunnels_channel` ON `tunnels` (`channel_id`,`id`);--> statement-breakpoint
CREATE INDEX `tunnels_creator` ON `tunnels` (`creator_id`,`id`);--> statement-breakpoint
CREATE INDEX `tunnels_state` ON `tunnels` (`state`,`expires_at`);--> statement-breakpoint
CREATE INDEX `uploads_owner` ON `uploads` (`owner_id`,`id`);--> statement-breakpoint
CREATE INDEX `uploads_expires` ON `uploads` (`expires_at`);