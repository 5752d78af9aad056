# Accounts with one plan of every kind, as seed files. Sourced after common.sh.
kinds='bridge shared managed custom tight inline archive'

doc() { # statements
	printf '{"Version":"2012-10-17","Statement":[%s]}' "$1"
}
allow() { # actions, quoted, with commas
	printf '{"Effect":"Allow","Action":[%s],"Resource":"*"}' "$1"
}
own() { # name actions
	printf '{"arn":"arn:aws:iam::111122223333:policy/%s","createdAt":"-300d","document":%s}' "$1" "$(doc "$(allow "$2")")"
}
aws_managed() { # name actions
	printf '{"arn":"arn:aws:iam::aws:policy/%s","createdAt":"-900d","document":%s}' "$1" "$(doc "$(allow "$2")")"
}
inlined() { # name actions
	printf '{"name":"%s","document":%s}' "$1" "$(doc "$(allow "$2")")"
}
role() { # name members
	printf '{"name":"%s","createdAt":"-700d","lastUsedAt":"-2h","trust":%s,%s}' "$1" \
		"$(doc '{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}')" "$2"
}
account() { # quota policies roles
	printf '{"schema":"pare.sandbox/v1","accounts":[{"id":"111122223333"%s}],' "$1"
	printf '"keys":[{"accessKeyId":"%s","secret":"%s","account":"111122223333",' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
	printf '"arn":"arn:aws:iam::111122223333:user/pare","userId":"AIDAEXAMPLEPAREEXAMPL"}],'
	printf '"analyzers":[{"arn":"%s","type":"ACCOUNT_UNUSED_ACCESS","createdAt":"-400d","unusedAccessAge":90}],' "$analyzer"
	printf '"policies":[%s],"roles":[%s]}\n' "$2" "$3"
}

s3='"s3:GetObject","s3:ListBucket","s3:PutObject","s3:DeleteObject"'
lambda='"lambda:ListFunctions","lambda:ListLayers","lambda:ListAliases"'
own_arn='"arn:aws:iam::111122223333:policy'

seed_of() { # kind
	case $1 in
	managed)
		account '' "$(aws_managed Unused '"bedrock:ListCustomModels"'),$(aws_managed Reader '"s3:Get*","s3:List*"')" \
			"$(role Managed '"attached":["arn:aws:iam::aws:policy/Unused","arn:aws:iam::aws:policy/Reader"],"usedActions":["s3:GetObject"]')"
		;;
	custom)
		account '' "$(own Files "$s3"),$(own Mail '"ses:SendEmail"')" \
			"$(role Custom "\"attached\":[$own_arn/Files\",$own_arn/Mail\"],\"usedActions\":[\"s3:GetObject\"]")"
		;;
	inline)
		account '' '' "$(role Inline "\"inline\":[$(inlined Unused '"sns:Publish"'),$(inlined Partly "$s3")],\"usedActions\":[\"s3:PutObject\"]")"
		;;
	archive)
		account '' '' "$(role Quiet "\"tags\":{\"rule\":\"archive\"},\"inline\":[$(inlined Partly "$s3")],\"usedActions\":[\"s3:PutObject\"]")"
		;;
	shared)
		account '' "$(own Files "$s3")" \
			"$(role One "\"attached\":[$own_arn/Files\"],\"usedActions\":[\"s3:GetObject\"]"),$(role Two "\"attached\":[$own_arn/Files\"],\"usedActions\":[\"s3:GetObject\"]")"
		;;
	bridge)
		account ',"attachedPerRole":2' "$(own Files "$s3"),$(own Code "$lambda")" \
			"$(role Full "\"attached\":[$own_arn/Files\",$own_arn/Code\"],\"usedActions\":[\"s3:GetObject\",\"lambda:ListFunctions\"]")"
		;;
	tight)
		account ',"attachedPerRole":2' "$(own Files "$s3"),$(own Mail '"ses:SendEmail"')" \
			"$(role Tight "\"attached\":[$own_arn/Files\",$own_arn/Mail\"],\"usedActions\":[\"s3:GetObject\"]")"
		;;
	esac
}
roles_of() { # kind
	case $1 in
	managed) echo Managed ;;
	custom) echo Custom ;;
	inline) echo Inline ;;
	archive) echo Quiet ;;
	shared) echo One Two ;;
	bridge) echo Full ;;
	tight) echo Tight ;;
	esac
}

# The rule that archives, beside the shipped ones, in a configuration of its own.
write_archiving_config() { # folder review URL
	write_archiving_rule "$1"
	cat >"$1/pare.lua" <<-END
		return {
		  analyzer   = "$analyzer",
		  rules      = { "shipped", "rules" },
		  repository = { url = "$2", branch = "main", forge = "none" },
		  author     = "pare-bot@example.com",
		  limits     = { percent = 100 },
		}
	END
}
