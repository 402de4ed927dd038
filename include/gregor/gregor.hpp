// SPDX-License-Identifier: MIT
#pragma once

/// Everything but `format.hpp`, which needs fmt, `run.hpp` and `maintainer.hpp`, which start
/// threads, and `mmap_log.hpp` and `upgrade.hpp`, which bring in what a log on disk needs of the
/// system.

#include "gregor/ack_tracker.hpp"
#include "gregor/batch.hpp"
#include "gregor/broker.hpp"
#include "gregor/claim.hpp"
#include "gregor/consumer.hpp"
#include "gregor/explanation.hpp"
#include "gregor/fwd.hpp"
#include "gregor/group_admin.hpp"
#include "gregor/group_description.hpp"
#include "gregor/multi_topic_consumer.hpp"
#include "gregor/options.hpp"
#include "gregor/partition.hpp"
#include "gregor/producer.hpp"
#include "gregor/record.hpp"
#include "gregor/stats.hpp"
#include "gregor/topic.hpp"
#include "gregor/version.hpp"
#include "gregor/wait_set.hpp"
