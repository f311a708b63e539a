// SPDX-License-Identifier: Apache-2.0
/**
 * The client's side of WebSocket (RFC 6455), made for protocols that are byte streams of their own: above this layer there are only
 * plain bytes, and where one message ends and the next begins carries no meaning. No extensions, no text, no compression. Start with
 * {@link io.upstream.websocket.WebSocketStage}.
 */
@NullMarked
package io.upstream.websocket;

import org.jspecify.annotations.NullMarked;
