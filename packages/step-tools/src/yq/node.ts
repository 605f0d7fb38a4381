export type Kind = 'scalar' | 'map' | 'seq' | 'alias';
/** How a node was written. `plain` is also: nobody has said. */
export type Style = 'plain' | 'double' | 'single' | 'literal' | 'folded' | 'flow';

/**
 * One place of a document, as yq's language sees it: it can be read, written to in place, and knows where it stands. Scalars
 * keep their text, so that what nobody touches comes out as it was written.
 */
export class YamlNode {
  kind: Kind;
  tag: string;
  value: string;
  style: Style = 'plain';
  /** The tag was written out, and is to be again. */
  isTagged = false;
  anchor = '';
  target: YamlNode | undefined;
  /** Of a map: keys and values in turn. */
  content: YamlNode[] = [];
  headComment = '';
  lineComment = '';
  footComment = '';
  /** What stands before the first document of a file: comments and separators. */
  leadingContent = '';
  parent: YamlNode | undefined;
  /** Of a value: its key, or its index as a scalar. */
  key: YamlNode | undefined;
  isMapKey = false;
  document = 0;
  fileIndex = 0;
  filename = '';
  /** All documents of all files are one input (`eval-all`). */
  isTogether = false;

  constructor(kind: Kind, tag: string, value = '') {
    this.kind = kind;
    this.tag = tag;
    this.value = value;
  }

  addChild(child: YamlNode): YamlNode {
    const copy = child.copy();
    copy.parent = this;
    copy.isMapKey = false;
    copy.key = integer(this.content.length);
    copy.key.parent = this;
    this.content.push(copy);
    return copy;
  }

  /** Without a copy: for what was just made. */
  addChildInPlace(child: YamlNode): void {
    child.parent = this;
    child.key = integer(this.content.length);
    child.key.parent = this;
    this.content.push(child);
  }

  addPairInPlace(key: YamlNode, value: YamlNode): void {
    Object.assign(key, { parent: this, isMapKey: true });
    Object.assign(value, { parent: this, key });
    this.content.push(key, value);
  }

  addPair(key: YamlNode, value: YamlNode): readonly [YamlNode, YamlNode] {
    const ownKey = key.copy();
    ownKey.parent = this;
    ownKey.isMapKey = true;
    ownKey.key = undefined;
    const ownValue = value.copy();
    ownValue.parent = this;
    ownValue.isMapKey = false;
    ownValue.key = ownKey;
    this.content.push(ownKey, ownValue);
    return [ownKey, ownValue];
  }

  addChildren(children: readonly YamlNode[]): void {
    if (this.kind !== 'map') for (const child of children) this.addChild(child);
    else for (let index = 0; index + 1 < children.length; index += 2) this.addPair(children[index]!, children[index + 1]!);
  }

  /** Keeps its place: parent and key are the original's. */
  copy(): YamlNode {
    const copy = this.copyWithoutContent();
    copy.addChildren(this.content);
    return copy;
  }

  copyWithoutContent(): YamlNode {
    const { document, fileIndex, filename } = this.root;
    return Object.assign(new YamlNode(this.kind, this.tag), this, { content: [], document, fileIndex, filename });
  }

  /** `other`, in this node's place. A scalar that takes the place of a whole document is of none, and is printed without `---`. */
  replacedBy(other: YamlNode): YamlNode {
    const copy = other.copy();
    copy.parent = this.parent;
    copy.key = this.isMapKey ? this : this.key;
    copy.isMapKey = false;
    if (!this.parent && copy.kind !== 'scalar') {
      copy.document = this.document;
      copy.fileIndex = this.fileIndex;
      copy.filename = this.filename;
    }
    return copy;
  }

  /** Becomes what `other` is, in place. */
  updateFrom(other: YamlNode, keepsCustomTag = true): void {
    if (this === other) return;
    if ((this.kind !== 'scalar' && this.content.length === 0) || this.tag !== other.tag) this.style = other.style;
    const children = other.content;
    this.content = [];
    this.kind = other.kind;
    this.addChildren(children);
    this.value = other.value;
    this.updateAttributesFrom(other, keepsCustomTag);
  }

  updateAttributesFrom(other: YamlNode, keepsCustomTag = true): void {
    if (this.kind !== other.kind) {
      this.content = [];
      this.value = '';
    }
    this.kind = other.kind;
    if (!keepsCustomTag || this.tag === '' || this.tag.startsWith('!!')) {
      this.tag = other.tag;
      this.isTagged = other.isTagged;
    }
    this.target = other.target;
    this.anchor = other.anchor;
    if (other.style !== 'plain') this.style = other.style;
    if (other.footComment) this.footComment = other.footComment;
    if (other.headComment) this.headComment = other.headComment;
    if (other.lineComment) this.lineComment = other.lineComment;
  }

  get root(): YamlNode {
    return this.parent ? this.parent.root : this;
  }

  get documentIndex(): number {
    return this.root.document;
  }

  get path(): readonly (string | number)[] {
    if (this.isMapKey && this.parent) return [...this.parent.path, this.value];
    if (!this.parent || !this.key) return [];
    const last = this.parent.kind === 'seq' ? Number(this.key.value) : this.key.value;
    return [...this.parent.path, last];
  }
}

export const string = (value: string): YamlNode => new YamlNode('scalar', '!!str', value);
export const integer = (value: number): YamlNode => new YamlNode('scalar', '!!int', String(value));
export const nothing = (): YamlNode => new YamlNode('scalar', '!!null', 'null');

export const boolean = (owner: YamlNode | undefined, value: boolean): YamlNode => {
  const node = new YamlNode('scalar', '!!bool', String(value));
  return owner ? owner.replacedBy(node) : node;
};

export function isTrue(node: YamlNode | undefined): boolean {
  if (!node || node.tag === '!!null') return false;
  return node.kind !== 'scalar' || node.tag !== '!!bool' || /^(y|yes|on|true)$/i.test(node.value);
}

/** An alias stands for what it names. */
export const resolved = (node: YamlNode): YamlNode => (node.kind === 'alias' && node.target ? resolved(node.target) : node);
