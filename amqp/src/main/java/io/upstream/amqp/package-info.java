// SPDX-License-Identifier: Apache-2.0
/**
 * AMQP 1.0 to an IoT Hub, plain or in a WebSocket: the identities of one hub share connections. Start reading with {@link
 * io.upstream.amqp.AmqpTransport}; {@link io.upstream.amqp.AmqpConnection} is what they share, {@link io.upstream.amqp.AmqpSession}
 * what each has for itself. The protocol itself is the affair of {@link io.upstream.amqp.engine}.
 *
 * <pre>
 *   AmqpTransport ── SharedConnection ── AmqpConnection ──┬── CbsClient        one per connection
 *                                             │           └── AmqpSession      one per identity
 *                                     engine.AmqpEngine        └── SessionLinks
 *                                                                   ├── TelemetrySender
 *                                                                   ├── CloudReceiver
 *                                                                   ├── TwinClient ──────┐
 *                                                                   └── MethodReceiver ──┴── ServiceLinks ── LinkPair
 * </pre>
 */
@NullMarked
package io.upstream.amqp;

import org.jspecify.annotations.NullMarked;
