// SPDX-License-Identifier: Apache-2.0
/**
 * The client's half of AMQP 1.0, straight on Netty's buffers: frames, SASL, connection, sessions, links, transfers. Start reading with
 * {@link io.upstream.amqp.engine.AmqpEngine}. It knows no socket, no clock of its own and no IoT Hub. A message costs no object on its way
 * out; on its way in, one view of the buffer that it came in. Whatever the peer sends ends in an event, never in an exception.
 *
 * <pre>
 *   AmqpEngine ─┬─ InboundFrames ── Fields          bytes to performatives
 *               ├─ SaslLogin, IdleTimes
 *               ├─ EngineSession ─┬─ EngineSender   windows, delivery ids, {@link io.upstream.amqp.engine.Unsettled}
 *               │                 └─ EngineReceiver
 *               └─ FrameWriter ── ColdFrames        performatives to bytes
 * </pre>
 */
@NullMarked
package io.upstream.amqp.engine;

import org.jspecify.annotations.NullMarked;
