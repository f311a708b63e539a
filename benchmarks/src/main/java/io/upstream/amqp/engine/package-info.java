// SPDX-License-Identifier: Apache-2.0
/** Openings into what the AMQP engine keeps to itself, hence in its package; there is no Java module here to forbid it. */
@NullMarked
package io.upstream.amqp.engine;

import org.jspecify.annotations.NullMarked;
