/** The length of a text in UTF-8, which is what Kubernetes' limits count. Most texts are plain ASCII. */
export function byteLength(text: string): number {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0x7f) return encoder.encode(text).length;
  }
  return text.length;
}

const encoder = new TextEncoder();
