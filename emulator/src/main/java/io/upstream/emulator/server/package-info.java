// SPDX-License-Identifier: Apache-2.0
/**
 * Where connections arrive: listeners with TLS in front of a protocol head, and the WebSocket door through which both protocols
 * may come. A head is anything that can put its handlers on a pipeline of plain bytes. Start reading at {@link
 * io.upstream.emulator.server.ProtocolHead}.
 */
@NullMarked
package io.upstream.emulator.server;

import org.jspecify.annotations.NullMarked;
