import { ParleyProvider } from '@parley-chat/react';
import { useState } from 'react';
import { StyleSheet, TextInput, View } from 'react-native';
import { Chat } from './src/Chat';
import { storage } from './src/storage';

/** A phone's `localhost` is the phone: give it the addresses of your machine. */
const PARLEY_URL = process.env.EXPO_PUBLIC_PARLEY_URL ?? 'http://localhost:8000';
const YOUR_SERVER_URL = process.env.EXPO_PUBLIC_YOUR_SERVER_URL ?? 'http://localhost:5173';

/** Asks your server for a token of whoever is signed in to your product. */
const fetchToken = async (user: string): Promise<string> => {
  const response = await fetch(`${YOUR_SERVER_URL}/chat-token?user=${encodeURIComponent(user)}`);
  if (!response.ok) throw new Error(`No token: ${response.status}`);
  return response.text();
};

/** Your product knows who is there; this screen asks. */
export default function App() {
  const [user, setUser] = useState('');
  return (
    <View style={styles.screen}>
      {user === '' ? (
        <TextInput
          accessibilityLabel="Your user id"
          autoCapitalize="none"
          placeholder="Who are you?"
          onSubmitEditing={({ nativeEvent }) => setUser(nativeEvent.text.trim())}
        />
      ) : (
        <ParleyProvider
          key={user}
          url={PARLEY_URL}
          getToken={() => fetchToken(user)}
          options={{ storage }}
        >
          <Chat />
        </ParleyProvider>
      )}
    </View>
  );
}

const styles = StyleSheet.create({ screen: { flex: 1, padding: 16, paddingTop: 48 } });
