// SPDX-License-Identifier: Apache-2.0
/** Tests. Netty's WebSocket codec is the peer that nobody here wrote; the memory of every buffer is counted exactly. */
@NullMarked
package io.upstream.websocket;

import org.jspecify.annotations.NullMarked;
