# What pare needs in the analyzer's account: Access Analyzer's events in a queue with a dead-letter queue,
# a role for `pare plan`, `propose` and `worker`, and another one for `pare apply`. The permissions are
# the files of examples/iam.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "analyzer_arn" {
  description = "The unused-access analyzer's ARN"
  type        = string
}

variable "planner_principal_arn" {
  description = "Who may assume the planner's role"
  type        = string
}

variable "executor_principal_arn" {
  description = "Who may assume the executor's role: another one than the planner's"
  type        = string
}

variable "allow_source_identity" {
  description = "Whether sessions may have a source identity (accounts.source_identity in pare.lua)"
  type        = bool
  default     = false
}

locals {
  iam    = "${path.module}/../../iam"
  assume = concat(["sts:AssumeRole"], var.allow_source_identity ? ["sts:SetSourceIdentity"] : [])
  trust = {
    for name, arn in { planner = var.planner_principal_arn, executor = var.executor_principal_arn } :
    name => jsonencode({
      Version   = "2012-10-17"
      Statement = [{ Effect = "Allow", Principal = { AWS = arn }, Action = local.assume }]
    })
  }
}

# --- events ---------------------------------------------------------------------------------------

resource "aws_sqs_queue" "dead" {
  name                      = "pare-events-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "events" {
  name                       = "pare-events"
  message_retention_seconds  = 1209600
  visibility_timeout_seconds = 300
  sqs_managed_sse_enabled    = true
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 10 })
}

resource "aws_cloudwatch_event_rule" "findings" {
  name        = "pare-unused-permissions"
  description = "Unused-permission findings become active"
  event_pattern = jsonencode({
    source        = ["aws.access-analyzer"]
    "detail-type" = ["Unused Access Finding for IAM entities"]
    resources     = [var.analyzer_arn]
    detail        = { status = ["ACTIVE"], findingType = ["UnusedPermission"] }
  })
}

resource "aws_cloudwatch_event_target" "queue" {
  rule = aws_cloudwatch_event_rule.findings.name
  arn  = aws_sqs_queue.events.arn
  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
}

resource "aws_sqs_queue_policy" "from_the_rule" {
  for_each  = { events = aws_sqs_queue.events, dead = aws_sqs_queue.dead }
  queue_url = each.value.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyThisRule"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = each.value.arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.findings.arn } }
      },
      {
        Sid       = "OnlyOverTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = each.value.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_cloudwatch_metric_alarm" "dead" {
  alarm_name          = "pare-events-dead"
  alarm_description   = "An event could not be worked on; look at it, then start a redrive"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
}

# --- roles ----------------------------------------------------------------------------------------

resource "aws_iam_role" "planner" {
  name               = "pare-planner"
  assume_role_policy = local.trust.planner
}

resource "aws_iam_role_policy" "planner" {
  for_each = toset(["planner", "checks"])
  name     = each.key
  role     = aws_iam_role.planner.id
  policy   = file("${local.iam}/${each.key}.json")
}

resource "aws_iam_role_policy" "events" {
  name = "events"
  role = aws_iam_role.planner.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "TakeEvents"
      Effect   = "Allow"
      Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
      Resource = aws_sqs_queue.events.arn
    }]
  })
}

resource "aws_iam_role" "executor" {
  name               = "pare-executor"
  assume_role_policy = local.trust.executor
}

resource "aws_iam_role_policy" "executor" {
  for_each = toset(["executor", "checks"])
  name     = each.key
  role     = aws_iam_role.executor.id
  policy   = file("${local.iam}/${each.key}.json")
}

output "queue_url" {
  description = "For `pare worker --queue`"
  value       = aws_sqs_queue.events.url
}

output "planner_role_arn" {
  value = aws_iam_role.planner.arn
}

output "executor_role_arn" {
  value = aws_iam_role.executor.arn
}
