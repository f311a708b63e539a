// SPDX-License-Identifier: Apache-2.0
/**
 * The hub's AMQP 1.0 side: bytes in and out of proton-j's engine, CBS tokens, and the links for telemetry, messages, twins and methods. It knows nothing of
 * TLS or WebSocket below and asks {@link io.upstream.emulator.hub.Hub} for every decision. Start reading at {@link
 * io.upstream.emulator.amqp.AmqpHead}, then {@code AmqpConnectionHandler} (bytes) and {@code AmqpConnection} (events).
 */
@NullMarked
package io.upstream.emulator.amqp;

import org.jspecify.annotations.NullMarked;
