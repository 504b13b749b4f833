defmodule Klime.Server do
  @moduledoc false
  # Klime on loopback, on a port that the system picks, with scripted answers. Each request is sent to the process that started it:
  # `{:request, server, request}`.
  #
  # An answer is a map with `:status`, `:headers`, `:body` (text), or `:fault`: `:hang` never answers, `:hold` answers when
  # `release/1` is called, `:reset` resets the connection, `:refuse` closes it before the body is read.

  use GenServer

  alias Klime.JSONReader

  defstruct [:pid, :port]

  def start(answers \\ []) do
    {:ok, pid} = ExUnit.Callbacks.start_supervised({__MODULE__, {self(), answers}}, id: make_ref())
    %__MODULE__{pid: pid, port: GenServer.call(pid, :port)}
  end

  def url(%__MODULE__{port: port}), do: "http://127.0.0.1:#{port}"

  @doc "The next request; fails when there is none."
  def request(%__MODULE__{pid: pid}) do
    receive do
      {:request, ^pid, request} -> request
    after
      10_000 -> raise ExUnit.AssertionError, message: "no request arrived within 10 s"
    end
  end

  @doc "The events of requests, until there are as many as that."
  def events(server, count, events \\ [])
  def events(_server, count, events) when length(events) >= count, do: events
  def events(server, count, events), do: events(server, count, events ++ request(server).events)

  @doc "The requests that have arrived and were not taken yet."
  def requests(%__MODULE__{pid: pid} = server) do
    receive do
      {:request, ^pid, request} -> [request | requests(server)]
    after
      0 -> []
    end
  end

  @doc "Lets all held requests be answered, those to come included."
  def release(%__MODULE__{pid: pid}), do: GenServer.call(pid, :release)

  def start_link(argument), do: GenServer.start_link(__MODULE__, argument)

  @impl true
  def init({owner, answers}) do
    {:ok, socket} = :gen_tcp.listen(0, [:binary, active: false, ip: {127, 0, 0, 1}, reuseaddr: true, backlog: 1024])
    server = self()
    spawn_link(fn -> accept(socket, server) end)
    {:ok, port} = :inet.port(socket)
    {:ok, %{owner: owner, port: port, socket: socket, answers: answers, last: nil, released: false, held: []}}
  end

  @impl true
  def handle_call(:port, _from, state), do: {:reply, state.port, state}

  def handle_call(:release, _from, state) do
    Enum.each(state.held, &GenServer.reply(&1, %{}))
    {:reply, :ok, %{state | released: true, held: []}}
  end

  def handle_call({:answer, head}, _from, state) do
    {answer, answers} = next(state.answers)
    now = System.monotonic_time(:millisecond)
    delay = state.last && now - state.last
    state = %{state | answers: answers, last: now}

    # A request that is refused has no body to tell of.
    if answer[:fault] == :refuse, do: tell(state, head, nil, [], delay)
    {:reply, {answer, delay}, state}
  end

  def handle_call({:told, head, body, events, delay}, _from, state) do
    tell(state, head, body, events, delay)
    {:reply, :ok, state}
  end

  def handle_call(:hold, _from, %{released: true} = state), do: {:reply, %{}, state}
  def handle_call(:hold, from, state), do: {:noreply, %{state | held: [from | state.held]}}

  defp tell(state, {method, path, headers}, body, events, delay) do
    request = %{method: method, path: path, headers: headers, body: body, events: events, delay: delay}
    send(state.owner, {:request, self(), request})
  end

  defp next([answer | answers]), do: {answer, answers}
  defp next([]), do: {%{}, []}
  # The same answer for ever.
  defp next(answer) when is_map(answer), do: {answer, answer}

  defp accept(listening, server) do
    case :gen_tcp.accept(listening) do
      {:ok, socket} ->
        # Linked, so that connections are closed when the test ends, hanging ones too.
        pid = spawn_link(fn -> receive do: (:go -> serve(socket, server)) end)
        :ok = :gen_tcp.controlling_process(socket, pid)
        send(pid, :go)
        accept(listening, server)

      {:error, :closed} ->
        :ok
    end
  end

  defp serve(socket, server) do
    with {:ok, head} <- read_head(socket), {answer, delay} <- GenServer.call(server, {:answer, head}, :infinity) do
      answer(socket, server, head, answer, delay)
    end
  end

  defp answer(socket, _server, _head, %{fault: :refuse}, _delay), do: :gen_tcp.close(socket)

  defp answer(socket, server, head, answer, delay) do
    with {:ok, body} <- read_body(socket, head) do
      events = JSONReader.decode!(body)["batch"]
      GenServer.call(server, {:told, head, body, events, delay}, :infinity)
      give(socket, server, length(events), answer)
    end
  end

  defp give(socket, _server, _count, %{fault: :hang}) do
    # The client closes the connection when it has had enough.
    {:error, _} = :gen_tcp.recv(socket, 0)
  end

  defp give(socket, _server, _count, %{fault: :reset}) do
    :ok = :inet.setopts(socket, linger: {true, 0})
    :gen_tcp.close(socket)
  end

  defp give(socket, server, count, %{fault: :hold}) do
    give(socket, server, count, GenServer.call(server, :hold, :infinity))
  end

  defp give(socket, server, count, answer) do
    status = Map.get(answer, :status, 200)
    text = answer[:body] || if status in 200..299, do: accepted(count), else: ""
    headers = for {name, value} <- Map.get(answer, :headers, %{}), do: [name, ": ", value, "\r\n"]

    head = [
      "HTTP/1.1 ",
      Integer.to_string(status),
      " X\r\ncontent-length: ",
      Integer.to_string(byte_size(text)),
      "\r\n"
    ]

    case :gen_tcp.send(socket, [head, headers, "\r\n", text]) do
      :ok -> serve(socket, server)
      {:error, _} -> :ok
    end
  end

  defp accepted(count), do: ~s({"status":"ok","accepted":#{count},"failed":0})

  defp read_head(socket) do
    :ok = :inet.setopts(socket, packet: :http_bin)

    with {:ok, {:http_request, method, {:abs_path, path}, _}} <- :gen_tcp.recv(socket, 0) do
      read_headers(socket, {to_string(method), path, %{}})
    end
  end

  defp read_headers(socket, {method, path, headers}) do
    case :gen_tcp.recv(socket, 0) do
      {:ok, {:http_header, _, name, _, value}} ->
        read_headers(socket, {method, path, Map.put(headers, name |> to_string() |> String.downcase(), value)})

      {:ok, :http_eoh} ->
        {:ok, {method, path, headers}}

      error ->
        error
    end
  end

  defp read_body(socket, {_, _, headers}) do
    :ok = :inet.setopts(socket, packet: :raw)

    case String.to_integer(Map.get(headers, "content-length", "0")) do
      0 -> {:ok, ~s({"batch":[]})}
      length -> :gen_tcp.recv(socket, length)
    end
  end
end
