// SPDX-License-Identifier: Apache-2.0
/**
 * AMQP 1.0 to an IoT Hub, plain or in a WebSocket: the identities of one hub share connections. Start reading with {@link
 * io.upstream.amqp.AmqpTransport}; {@link io.upstream.amqp.SharedConnection} makes one {@link io.upstream.amqp.AmqpConnection} after the
 * other, and {@link io.upstream.amqp.AmqpSeat} one {@link io.upstream.amqp.AmqpLine} after the other on them, for one identity's session.
 * The protocol itself is the affair of {@link io.upstream.amqp.engine}.
 *
 * <pre>
 *   lasting      AmqpTransport ─┬─ ConnectionTable ── SharedConnection        one for up to 1,000 identities
 *                               └─ AmqpSeat                                   one per identity
 *   ────────────────────────────────────────────────────────────────────────────────────────────────────
 *   until lost   AmqpConnection ─┬─ CbsClient                                 one per connection
 *                      │         └─ AmqpLine ── SessionLinks                  one per identity and connection
 *              engine.AmqpEngine                 ├── TelemetrySender
 *                                                ├── CloudReceiver
 *                                                ├── TwinClient ──────┐
 *                                                └── MethodReceiver ──┴── ServiceLinks ── LinkPair
 * </pre>
 */
@NullMarked
package io.upstream.amqp;

import org.jspecify.annotations.NullMarked;
