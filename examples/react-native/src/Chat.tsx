import type { Person } from '@parley-chat/client';
import { useChats, useConnection, useMessages, useParley, useTyping } from '@parley-chat/react';
import { useRef, useState } from 'react';
import { Button, FlatList, StyleSheet, Text, TextInput, View } from 'react-native';

/** The chats of whoever is signed in, or the one that is open. */
export const Chat = () => {
  const client = useParley();
  const { status, queued } = useConnection();
  const { active, requests } = useChats();
  const [chatId, setChatId] = useState<string>();

  const writeTo = async (name: string) => {
    const path = `/api/users/search?q=${encodeURIComponent(name)}`;
    const [person] = await client.rest<Person[]>('GET', path);
    if (person) setChatId((await client.openDirectChat(person.id)).id);
  };

  const accept = async (id: string) => {
    await client.rest('POST', `/api/chats/${id}/accept`, {});
    setChatId(id);
  };

  if (chatId) return <Room chatId={chatId} onBack={() => setChatId(undefined)} />;
  return (
    <View style={styles.screen}>
      <Text>{queued > 0 ? `${status}, ${queued} waiting` : status}</Text>
      <TextInput
        accessibilityLabel="Write to"
        autoCapitalize="none"
        placeholder="Write to …"
        onSubmitEditing={({ nativeEvent }) => void writeTo(nativeEvent.text)}
      />
      {requests.map(({ id, title }) => (
        <Button key={id} title={`Accept ${title}`} onPress={() => void accept(id)} />
      ))}
      {active.map(({ id, title, unreadCount }) => (
        <Button key={id} title={`${title} ${unreadCount || ''}`} onPress={() => setChatId(id)} />
      ))}
    </View>
  );
};

/** One chat: its messages, the newest at the bottom, who is typing, and a field to write. */
const Room = ({ chatId, onBack }: { chatId: string; onBack: () => void }) => {
  const { messages, loadOlder, send, retry, discard } = useMessages(chatId, { markRead: true });
  const { typing, startTyping, stopTyping } = useTyping(chatId);
  const field = useRef<TextInput>(null);

  const submit = (text: string) => {
    if (text.trim() === '') return;
    void send(text);
    void stopTyping();
    field.current?.clear();
  };

  return (
    <View style={styles.screen}>
      <Button title="Back" onPress={onBack} />
      <FlatList
        inverted
        data={messages.toReversed()}
        keyExtractor={({ key }) => key}
        onEndReached={() => void loadOlder()}
        renderItem={({ item }) => (
          <View style={item.isMine ? styles.mine : styles.theirs}>
            <Text>{item.content}</Text>
            <Text style={styles.state}>{item.state === 'sent' ? item.status : item.state}</Text>
            {item.state === 'failed' && (
              <>
                <Button title="Try again" onPress={() => retry(item)} />
                <Button title="Discard" onPress={() => discard(item)} />
              </>
            )}
          </View>
        )}
      />
      <Text>{typing.length > 0 && `${typing.map(({ name }) => name).join(', ')} is typing …`}</Text>
      <TextInput
        ref={field}
        accessibilityLabel="Message"
        placeholder="Message"
        onChangeText={() => void startTyping()}
        onSubmitEditing={({ nativeEvent }) => submit(nativeEvent.text)}
        submitBehavior="submit"
      />
    </View>
  );
};

const bubble = { borderRadius: 12, marginVertical: 2, maxWidth: '75%', padding: 8 } as const;
const styles = StyleSheet.create({
  screen: { flex: 1 },
  mine: { ...bubble, alignSelf: 'flex-end', backgroundColor: '#d7e8ff' },
  theirs: { ...bubble, alignSelf: 'flex-start', backgroundColor: '#eee' },
  state: { color: '#666', fontSize: 11 },
});
