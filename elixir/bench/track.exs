# What a whole `Klime.track` costs, against a `GenServer.call` that does nothing, in the same run:
#
#     MIX_ENV=prod mix run bench/track.exs
#
# They are measured in turns, and compared within each round, so that what else the machine does hits all of them. What encodes JSON is
# said first: Jason where it is there. The events are real ones; they go to a server on loopback that takes them.

defmodule Nothing do
  use GenServer

  def init(state), do: {:ok, state}
  def handle_call(:nothing, _from, state), do: {:reply, :ok, state}
end

defmodule Sink do
  # Reads requests and answers each one, as fast as it can.
  def start do
    {:ok, listening} = :gen_tcp.listen(0, [:binary, active: false, ip: {127, 0, 0, 1}, backlog: 64])
    spawn_link(fn -> accept(listening) end)
    {:ok, port} = :inet.port(listening)
    "http://127.0.0.1:#{port}"
  end

  defp accept(listening) do
    {:ok, socket} = :gen_tcp.accept(listening)
    pid = spawn(fn -> receive do: (:go -> serve(socket, 0)) end)
    :ok = :gen_tcp.controlling_process(socket, pid)
    send(pid, :go)
    accept(listening)
  end

  defp serve(socket, length) do
    :ok = :inet.setopts(socket, packet: :http_bin)

    case :gen_tcp.recv(socket, 0) do
      {:ok, {:http_header, _, :"Content-Length", _, value}} -> serve(socket, String.to_integer(value))
      {:ok, :http_eoh} -> answer(socket, length)
      {:ok, _} -> serve(socket, length)
      {:error, _} -> :ok
    end
  end

  defp answer(socket, length) do
    :ok = :inet.setopts(socket, packet: :raw)
    {:ok, _} = :gen_tcp.recv(socket, length)
    :ok = :gen_tcp.send(socket, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    serve(socket, 0)
  end
end

defmodule Bench do
  @rounds 20
  @calls 5_000

  # A round has each subject once.
  def run(subjects) do
    Enum.each(subjects, fn {_, fun} -> times(fun) end)
    for _ <- 1..@rounds, do: Map.new(subjects, fn {name, fun} -> {name, Enum.sort(times(fun))} end)
  end

  defp times(fun) do
    for number <- 1..@calls do
      before = System.monotonic_time(:nanosecond)
      fun.(number)
      System.monotonic_time(:nanosecond) - before
    end
  end

  @doc "Prints a line for each subject, and gives back how many times the baseline each one costs."
  def report(rounds, baseline) do
    IO.puts("#{@rounds * @calls} calls each, µs\n")
    IO.puts(row(["", "p50", "p99", "mean", "times the baseline"]))

    for {name, _} <- hd(rounds), into: %{} do
      times = rounds |> Enum.flat_map(& &1[name]) |> Enum.sort()
      ratio = ratio(rounds, name, baseline)

      figures = [
        quantile(times, 0.5) / 1000,
        quantile(times, 0.99) / 1000,
        Enum.sum(times) / length(times) / 1000,
        ratio
      ]

      IO.puts(row([name | Enum.map(figures, &:erlang.float_to_binary(&1, decimals: 2))]))
      {name, ratio}
    end
  end

  # Of the same round, since the machine may be slower in another one; then the middle of all rounds.
  defp ratio(rounds, name, baseline) do
    rounds |> Enum.map(&(quantile(&1[name], 0.5) / quantile(&1[baseline], 0.5))) |> Enum.sort() |> quantile(0.5)
  end

  defp quantile(sorted, share), do: Enum.at(sorted, min(trunc(length(sorted) * share), length(sorted) - 1))

  defp row(cells), do: Enum.map_join(cells, " ", &String.pad_leading(&1, 24))
end

{:ok, nothing} = GenServer.start_link(Nothing, nil)

{:ok, client} =
  Klime.Client.start_link(
    write_key: "bench",
    endpoint: Sink.start(),
    name: Bench.Klime,
    max_batch_size: 100,
    max_queue_size: 100_000
  )

subjects = [
  {"GenServer.call", fn _ -> GenServer.call(nothing, :nothing) end},
  {"track, by pid",
   fn number ->
     Klime.track(client, "Button Clicked", %{button_name: "Sign up", plan: "pro", number: number}, user_id: "user_123")
   end},
  {"track, by name",
   fn number ->
     Klime.track(Bench.Klime, "Button Clicked", %{button_name: "Sign up", plan: "pro", number: number},
       user_id: "user_123"
     )
   end},
  {"identify, no traits", fn number -> Klime.identify(client, number) end}
]

IO.puts("Elixir #{System.version()}, OTP #{System.otp_release()}, JSON by #{Klime.JSON.encoder()}")
ratios = subjects |> Bench.run() |> Bench.report("GenServer.call")
:ok = Klime.flush(client)
IO.puts("\n#{inspect(Klime.stats(client))}")

ratio = ratios["track, by pid"]
if ratio > 2.5, do: raise("a track costs #{Float.round(ratio, 2)} times a GenServer.call, it may cost 2.5 times that")
