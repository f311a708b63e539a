// SPDX-License-Identifier: Apache-2.0
/** Benchmarks of what the AMQP module keeps to itself, hence in its package; there is no Java module here to forbid it. */
@NullMarked
package io.upstream.amqp;

import org.jspecify.annotations.NullMarked;
