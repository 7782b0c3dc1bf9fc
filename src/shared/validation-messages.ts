/**
 * What clients are told of wrong input, behind the path of the member: what it may be, by the code of Joi's rule.
 * Joi's own words repeat what was sent and speak of regular expressions. `test/contract/validation-messages.test.ts`
 * fails when a schema uses a rule that is not here.
 */
export const VALIDATION_MESSAGES: Readonly<Record<string, string>> = {
  'any.custom': 'not valid',
  'any.invalid': 'not allowed',
  'any.only': '{if(#valids.length == 1, "", "one of ")}{{#valids}}',
  'any.ref': 'not valid together with the others',
  'any.required': 'required',
  'any.unknown': 'not allowed here',

  'string.base': 'a text',
  'string.email': 'an e-mail address such as ada@example.com',
  'string.empty': 'must not be empty',
  'string.guid': 'a UUID',
  'string.hex': 'hexadecimal digits',
  'string.isoDate': 'a time such as 2030-01-31T12:00:00Z',
  'string.length': 'exactly {{#limit}} {if(#encoding, "bytes", "characters")}',
  'string.max': 'at most {{#limit}} {if(#encoding, "bytes", "characters")}',
  'string.min': 'at least {{#limit}} {if(#limit == 1, "character", "characters")}',
  'string.pattern.base': 'has characters or a form that are not allowed',
  'string.pattern.name': '{{#name}}',
  'string.uri': 'an address such as https://example.com/a.png',
  'string.uriCustomScheme': 'an address that begins with {{#scheme}}:',

  'metadata.bytes': 'at most {{#limit}} bytes as JSON',
  'metadata.key':
    'keys of 1 to 64 characters without . that do not begin with $ and are no name of the language or the driver',
  'metadata.levels': 'nested at most {{#limit}} levels',

  'number.base': 'a number',
  'number.infinity': 'a finite number',
  'number.integer': 'a whole number',
  'number.max': 'at most {{#limit}}',
  'number.min': 'at least {{#limit}}',
  'number.unsafe': 'too large or too exact a number',

  'boolean.base': 'true or false',

  'date.base': 'a time such as 2030-01-31T12:00:00Z',
  'date.format': 'a time such as 2030-01-31T12:00:00Z',
  // Its limit is another field here, and never a time.
  'date.greater': 'after {{#limit.key}}',
  'date.max': 'not after {{#limit}}',
  'date.min': 'not before {{#limit}}',

  'array.base': 'a list',
  'array.includes': 'of none of the kinds that are taken here',
  'array.length': 'exactly {{#limit}} {if(#limit == 1, "item", "items")}',
  'array.max': 'at most {{#limit}} {if(#limit == 1, "item", "items")}',
  'array.min': 'at least {{#limit}} {if(#limit == 1, "item", "items")}',
  'array.sparse': 'must not be left out',
  'array.unique': 'stands there twice',

  'object.and': '{{#presentWithLabels}} needs {{#missingWithLabels}} too',
  'object.base': 'an object',
  'object.max': 'at most {{#limit}} {if(#limit == 1, "member", "members")}',
  'object.min': 'at least {{#limit}} {if(#limit == 1, "member", "members")}',
  'object.missing': 'needs at least one of {{#peersWithLabels}}',
  'object.nand': '{{#mainWithLabel}} must not stand beside {{#peersWithLabels}}',
  'object.oxor': 'only one of {{#peersWithLabels}}',
  'object.rename.override': 'only one of {{#from}}, {{#to}}',
  'object.unknown': 'there is no such field',
  'object.with': '{{#mainWithLabel}} needs {{#peerWithLabel}} too',
  'object.without': '{{#mainWithLabel}} must not stand beside {{#peerWithLabel}}',
  'object.xor': 'only one of {{#peersWithLabels}}',

  'alternatives.any': 'of none of the forms that are taken here',
  'alternatives.match': 'of none of the forms that are taken here',
  'alternatives.types': 'one of {{#types}}',

  // Rules of our own.
  'emoji.one': 'exactly one emoji',
  'signal.long': 'too long, at most {{#limit}} characters as JSON',
  'text.name': 'visible text of one line, without hidden characters',
  'username.reserved': 'this name is reserved',
};
