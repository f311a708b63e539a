// SPDX-License-Identifier: Apache-2.0
/**
 * One attempt at a connection. A {@link io.upstream.connect.ConnectPlan} is a list of layers for each way to the target, a {@link
 * io.upstream.connect.ConnectAttempt} walks it on one event loop under one deadline and names the layer that failed. Start with
 * the plan.
 *
 * <pre>
 *   resolve ─► tcp ─► [proxy-tls] ─► [tunnel | socks] ─► tls ─► [websocket] ─► mqtt | amqp
 *   └─ first hop: proxy or hub ─┘ └────────── hub ────────────────┘
 * </pre>
 */
@NullMarked
package io.upstream.connect;

import org.jspecify.annotations.NullMarked;
