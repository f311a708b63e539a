// SPDX-License-Identifier: Apache-2.0
/** The laboratory itself under test: the matrix is complete, and the checker finds in forged evidence what it is there to find. */
@NullMarked
package io.upstream.laboratory;

import org.jspecify.annotations.NullMarked;
